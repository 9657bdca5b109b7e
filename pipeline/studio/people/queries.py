"""What the page reads: always a page of it, and only what the viewer may see.

Pages go on from the last row that was shown, so a hundred thousand rows cost no more than fifty,
and rows that come meanwhile shift nothing.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, case, func, or_, select

from pipeline.studio import tables
from pipeline.studio.failures import missing
from pipeline.studio.people.door import Viewer

__all__ = [
    "PAGE",
    "RUNS",
    "builds_of",
    "count_runs",
    "datasets",
    "environment_document",
    "job",
    "jobs",
    "places",
    "run_at",
    "runs_of",
    "session",
    "sessions",
]

PAGE = 50
RUNS = 25
WHOLE = 256 << 10
"""A run up to so many bytes is read for a list; a larger one only when it is opened."""
LARGEST = 4 << 20
"""And one above that is not shown at all."""
_sessions = tables.sessions
_members = tables.session_runs
_runs = tables.runs
_jobs = tables.jobs
_objects = tables.objects
_builds = tables.builds


def sessions(
    connection: Connection, viewer: Viewer, *, project: str | None, before: int | None
) -> Sequence[Row[Any]]:
    """Sessions, newest first; one more than a page where there are more."""
    query = _seen(select(_sessions), viewer, project).order_by(_sessions.c.number.desc())
    if before is not None:
        query = query.where(_sessions.c.number < before)
    return connection.execute(query.limit(PAGE + 1)).all()


def session(connection: Connection, viewer: Viewer, ident: str) -> Row[Any]:
    """The session; 404 for one that the viewer may not see."""
    query = _seen(select(_sessions), viewer, None).where(_sessions.c.id == ident)
    found = connection.execute(query).one_or_none()
    if found is None:
        raise missing("training session", ident)
    return found


def environment_document(connection: Connection, project: str, ident: str) -> bytes | None:
    """The environment of a session, if it is still there."""
    table = tables.environments
    query = select(table.c.document).where(table.c.project == project, table.c.id == ident)
    return connection.execute(query).scalar_one_or_none()


def count_runs(connection: Connection, ident: str) -> int:
    """How many runs a session has."""
    query = select(func.count()).select_from(_members).where(_members.c.session == ident)
    return int(connection.execute(query).scalar_one())


def runs_of(connection: Connection, row: Row[Any], *, start: int) -> Sequence[Row[Any]]:
    """Runs of a session from a position on, one more than a page where there are more.

    `raw` is None for a run that is large, and for one that is gone: its `size` is None then.
    """
    query = (
        _members_of(row, WHOLE)
        .where(_members.c.position >= start)
        .order_by(_members.c.position)
        .limit(RUNS + 1)
    )
    return connection.execute(query).all()


def run_at(connection: Connection, row: Row[Any], position: int) -> Row[Any]:
    """The run at a position of the session; 404 where there is none."""
    query = _members_of(row, LARGEST).where(_members.c.position == position)
    found = connection.execute(query).one_or_none()
    if found is None:
        raise missing("run", f"number {position + 1} of the session")
    return found


def places(connection: Connection, ident: str, ids: Sequence[str]) -> dict[str, int]:
    """Positions in the session of the runs that it has of these few."""
    query = select(_members.c.run, _members.c.position).where(
        _members.c.session == ident, _members.c.run.in_(ids)
    )
    return {row.run: row.position for row in connection.execute(query)}


def builds_of(connection: Connection, ident: str, *, limit: int) -> Sequence[Row[Any]]:
    """Builds of a session, newest first."""
    query = select(_builds).where(_builds.c.session == ident)
    query = query.order_by(_builds.c.ended.desc(), _builds.c.id)
    return connection.execute(query.limit(limit)).all()


def datasets(
    connection: Connection, viewer: Viewer, *, ident: str | None, before: tuple[str, str] | None
) -> Sequence[Row[Any]]:
    """Datasets with their session and the counts of the build that made them, newest first."""
    query = (
        select(
            _objects,
            _sessions.c.name.label("session_name"),
            _sessions.c.project,
            _sessions.c.dataset.label("chosen"),
            _builds.c.outcome,
        )
        .join(_sessions, _sessions.c.id == _objects.c.session)
        .outerjoin(
            _builds,
            and_(_builds.c.session == _objects.c.session, _builds.c.dataset == _objects.c.name),
        )
        .order_by(_objects.c.generation.desc(), _objects.c.name)
    )
    query = _seen(query, viewer, None)
    if ident is not None:
        query = query.where(_objects.c.session == ident)
    if before is not None:
        query = query.where(_after(_objects.c.generation, _objects.c.name, before))
    return connection.execute(query.limit(PAGE + 1)).all()


def jobs(
    connection: Connection, viewer: Viewer, *, before: tuple[str, str] | None
) -> Sequence[Row[Any]]:
    """Jobs with the name of their session, newest first."""
    query = (
        select(_jobs, _sessions.c.name.label("session_name"))
        .join(_sessions, _sessions.c.id == _jobs.c.session)
        .order_by(_jobs.c.created_at.desc(), _jobs.c.id)
    )
    query = _seen(query, viewer, None)
    if before is not None:
        query = query.where(_after(_jobs.c.created_at, _jobs.c.id, before))
    return connection.execute(query.limit(PAGE + 1)).all()


def job(connection: Connection, ident: str | None) -> Row[Any] | None:
    """A session's job."""
    if ident is None:
        return None
    return connection.execute(select(_jobs).where(_jobs.c.id == ident)).one_or_none()


def _seen(query: Select[Any], viewer: Viewer, project: str | None) -> Select[Any]:
    for wanted in (viewer.project, project):
        if wanted is not None:
            query = query.where(_sessions.c.project == wanted)
    return query


def _members_of(row: Row[Any], largest: int) -> Select[Any]:
    size = func.length(_runs.c.raw)
    return (
        select(
            _members.c.position,
            _members.c.run,
            _runs.c.interaction_name,
            _runs.c.model,
            _runs.c.status,
            _runs.c.created_at,
            size.label("size"),
            case((size <= largest, _runs.c.raw)).label("raw"),
        )
        .outerjoin(_runs, and_(_runs.c.project == row.project, _runs.c.id == _members.c.run))
        .where(_members.c.session == row.id)
    )


def _after(first: Any, second: Any, before: tuple[str, str]) -> Any:
    return or_(first < before[0], and_(first == before[0], second > before[1]))
