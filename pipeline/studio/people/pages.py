"""The pages: sessions, a session with its runs, a run, who left and why, datasets, jobs."""

from collections.abc import Sequence
from typing import Annotated, Any

import msgspec
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Struct
from sqlalchemy import Connection, Row

from pipeline.api.environments import Environment
from pipeline.studio.clock import text_of_ms
from pipeline.studio.failures import missing
from pipeline.studio.jobs import ACTIVE
from pipeline.studio.outcomes import Outcome, Sample, read_outcome
from pipeline.studio.people import queries
from pipeline.studio.people.answers import page
from pipeline.studio.people.door import Door, Viewer
from pipeline.studio.people.shown import read_run, snippet
from pipeline.studio.state import Studio

__all__ = ["ROUTES"]

_MAX_NUMBER = 2**53
_TIMES = {13: 1, 16: 1000}
_BUSY = ("building", "processing")
Place = Annotated[int, QueryParameter(ge=0, le=_MAX_NUMBER)]


class RunLine(Struct, frozen=True):
    """A run in a list."""

    position: int
    id: str
    status: str
    interaction: str
    model: str
    asked: str
    answered: str


class BuildShown(Struct, frozen=True):
    """A build of a session."""

    id: str
    dataset: str | None
    ended: str
    outcome: Outcome


@get("/", include_in_schema=False, sync_to_thread=True)
def show_sessions(
    studio: NamedDependency[Studio],
    door: NamedDependency[Door],
    viewer: NamedDependency[Viewer],
    project: FromQuery[str | None] = None,
    before: Annotated[int | None, QueryParameter(ge=0, le=_MAX_NUMBER)] = None,
) -> Response[str]:
    """Sessions, newest first."""
    with studio.database.read() as connection:
        rows = queries.sessions(connection, viewer, project=project, before=before)
    shown, more = _cut(rows, queries.PAGE)
    return page(
        "sessions",
        viewer=viewer,
        door=door,
        sessions=shown,
        project=project,
        paged=before is not None,
        last=shown[-1].number if more else None,
    )


@get("/sessions/{session:str}", include_in_schema=False, sync_to_thread=True)
def show_session(
    studio: NamedDependency[Studio],
    door: NamedDependency[Door],
    viewer: NamedDependency[Viewer],
    session: FromPath[str],
    start: Place = 0,
) -> Response[str]:
    """One session: its facts, its job, its builds, a page of its runs."""
    with studio.database.read() as connection:
        row = queries.session(connection, viewer, session)
        rows = queries.runs_of(connection, row, start=start)
        words = _standing(connection, row) | {
            "environment": _environment(connection, row),
            "count": queries.count_runs(connection, row.id),
            "datasets": [
                _dataset(one)
                for one in queries.datasets(connection, viewer, ident=row.id, before=None)[:10]
            ],
            "builds": _builds(connection, row.id, 1),
        }
    shown, more = _cut(rows, queries.RUNS)
    return page(
        "session",
        viewer=viewer,
        door=door,
        runs=[_line(one) for one in shown],
        start=start,
        back=max(0, start - queries.RUNS),
        following=shown[-1].position + 1 if more else None,
        **words,
    )


@get("/sessions/{session:str}/live", include_in_schema=False, sync_to_thread=True)
def show_standing(
    studio: NamedDependency[Studio], viewer: NamedDependency[Viewer], session: FromPath[str]
) -> Response[str]:
    """What changes by itself on a session's page."""
    with studio.database.read() as connection:
        row = queries.session(connection, viewer, session)
        words = _standing(connection, row)
    return page("live_session", **words)


@get("/sessions/{session:str}/runs/{position:int}", include_in_schema=False, sync_to_thread=True)
def show_run(
    studio: NamedDependency[Studio],
    door: NamedDependency[Door],
    viewer: NamedDependency[Viewer],
    session: FromPath[str],
    position: FromPath[int],
) -> Response[str]:
    """One run: prompt and answer."""
    if not 0 <= position <= _MAX_NUMBER:
        raise missing("run", str(position))
    with studio.database.read() as connection:
        row = queries.session(connection, viewer, session)
        found = queries.run_at(connection, row, position)
        count = queries.count_runs(connection, row.id)
        left = _left(connection, row.id, found.run)
    return page(
        "run",
        viewer=viewer,
        door=door,
        session=row,
        run=found,
        count=count,
        left=left,
        shown=None if found.raw is None else read_run(bytes(found.raw)),
    )


@get("/sessions/{session:str}/builds", include_in_schema=False, sync_to_thread=True)
def show_builds(
    studio: NamedDependency[Studio],
    door: NamedDependency[Door],
    viewer: NamedDependency[Viewer],
    session: FromPath[str],
    code: FromQuery[str | None] = None,
) -> Response[str]:
    """The last builds, and of the newest who left and why."""
    with studio.database.read() as connection:
        row = queries.session(connection, viewer, session)
        builds = _builds(connection, row.id, queries.PAGE)
        samples = _samples(builds, code)
        named = {one.run_id for one in samples} | {one.matched_run_id or "" for one in samples}
        places = queries.places(connection, row.id, sorted(named))
    return page(
        "builds",
        viewer=viewer,
        door=door,
        session=row,
        builds=builds,
        code=code,
        samples=samples,
        places=places,
    )


@get("/datasets", include_in_schema=False, sync_to_thread=True)
def show_datasets(
    studio: NamedDependency[Studio],
    door: NamedDependency[Door],
    viewer: NamedDependency[Viewer],
    before: FromQuery[str | None] = None,
) -> Response[str]:
    """Datasets with their counts, newest first."""
    with studio.database.read() as connection:
        rows = queries.datasets(connection, viewer, ident=None, before=_pair(before))
    shown, more = _cut(rows, queries.PAGE)
    return page(
        "datasets",
        viewer=viewer,
        door=door,
        datasets=[_dataset(one) for one in shown],
        paged=before is not None,
        last=f"{shown[-1].generation}~{shown[-1].name}" if more else None,
    )


@get("/jobs", include_in_schema=False, sync_to_thread=True)
def show_jobs(
    studio: NamedDependency[Studio],
    door: NamedDependency[Door],
    viewer: NamedDependency[Viewer],
    before: FromQuery[str | None] = None,
) -> Response[str]:
    """Jobs, newest first; the first page lives."""
    return page("jobs", viewer=viewer, door=door, **_jobs(studio, viewer, before))


@get("/jobs/live", include_in_schema=False, sync_to_thread=True)
def show_jobs_now(
    studio: NamedDependency[Studio], viewer: NamedDependency[Viewer]
) -> Response[str]:
    """The first page of jobs, without what is around it."""
    return page("live_jobs", **_jobs(studio, viewer, None))


def _jobs(studio: Studio, viewer: Viewer, before: str | None) -> dict[str, Any]:
    with studio.database.read() as connection:
        rows = queries.jobs(connection, viewer, before=_pair(before))
    shown, more = _cut(rows, queries.PAGE)
    return {
        "jobs": [(one, one.status in ACTIVE, _details(one)) for one in shown],
        "busy": any(one.status in ACTIVE for one in shown),
        "paged": before is not None,
        "last": f"{shown[-1].created_at}~{shown[-1].id}" if more else None,
    }


def _standing(connection: Connection, row: Row[Any]) -> dict[str, Any]:
    job = queries.job(connection, row.job)
    return {
        "session": row,
        "job": job,
        "details": None if job is None else _details(job),
        "busy": row.status in _BUSY,
    }


def _environment(connection: Connection, row: Row[Any]) -> Environment | None:
    found = queries.environment_document(connection, row.project, row.env)
    return None if found is None else msgspec.json.decode(found, type=Environment)


def _builds(connection: Connection, ident: str, limit: int) -> list[BuildShown]:
    return [
        BuildShown(one.id, one.dataset, text_of_ms(one.ended), read_outcome(one))
        for one in queries.builds_of(connection, ident, limit=limit)
    ]


def _samples(builds: list[BuildShown], code: str | None) -> list[Sample]:
    if not builds:
        return []
    outcome = builds[0].outcome
    counts = {**outcome.rejected, **outcome.duplicates}
    found = [one for one in outcome.samples if code in (None, one.code)]
    return sorted(found, key=lambda one: (-counts.get(one.code, 0), one.code))


def _left(connection: Connection, ident: str, run: str) -> Sample | None:
    """Why the newest build has left this run out, where that was kept."""
    for build in _builds(connection, ident, 1):
        for sample in build.outcome.samples:
            if sample.run_id == run:
                return sample
    return None


def _dataset(row: Row[Any]) -> dict[str, Any]:
    outcome = None if row.outcome is None else read_outcome(row)
    created = _created(row.generation)
    return {**row._mapping, "counts": outcome, "created": created}  # noqa: SLF001 (its public name)


def _created(generation: str) -> str | None:
    """A generation is a time in milliseconds here and in microseconds at Google."""
    if not generation.isdecimal() or len(generation) not in _TIMES:
        return None
    return text_of_ms(int(generation) // _TIMES[len(generation)])


def _line(row: Row[Any]) -> RunLine:
    asked = answered = ""
    if row.raw is not None:
        shown = read_run(bytes(row.raw))
        asked, answered = snippet(shown.prompt, "user"), snippet(shown.answer, "assistant")
    elif row.size is not None:
        asked = f"a large run ({row.size / 1024:,.0f} KiB): open it to see it"
    else:
        asked = "this run is gone"
    name, model = row.interaction_name or "", row.model or ""
    return RunLine(row.position, row.run, row.status or "", name, model, asked, answered)


def _details(row: Row[Any]) -> str | None:
    if not row.details:
        return None
    found = msgspec.json.decode(row.details)
    text = found if isinstance(found, str) else msgspec.json.encode(found).decode()
    return str(text)[:1000]


def _cut(rows: Sequence[Row[Any]], length: int) -> tuple[Sequence[Row[Any]], bool]:
    """A page, and whether there is another."""
    return rows[:length], len(rows) > length


def _pair(text: str | None) -> tuple[str, str] | None:
    if text is None:
        return None
    first, _, second = text.partition("~")
    return first, second


ROUTES = [
    show_sessions,
    show_session,
    show_standing,
    show_run,
    show_builds,
    show_datasets,
    show_jobs,
    show_jobs_now,
]
