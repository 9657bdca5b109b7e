"""`/training`: the twelve operations, and the names beside them."""

from typing import Any

from litestar import HttpMethod, Response, get, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from sqlalchemy import Connection, Row

from pipeline.api.environments import Environment
from pipeline.api.jobs import TrainingJob
from pipeline.api.sessions import (
    AddRunsBody,
    CreateSessionBody,
    DatasetAnswer,
    OkAnswer,
    SessionName,
    SetDatasetBody,
    TrainingSession,
    UrlAnswer,
)
from pipeline.studio import sessions
from pipeline.studio.building import build_session
from pipeline.studio.failures import bad_request, conflict, missing
from pipeline.studio.handlers.answers import Limit, Offset, raw_list
from pipeline.studio.handlers.environments import trainable
from pipeline.studio.jobs import active_job, create_job, end_job, job_body
from pipeline.studio.keys import Caller
from pipeline.studio.runs import session_refs
from pipeline.studio.state import Studio
from pipeline.trainers import TRAINERS

__all__ = ["ROUTES"]

MAX_IDS = 100_000
SYNC_SECONDS = 55.0
_STATUSES = (
    "created", "building", "prepared", "processing", "completed", "failed", "cancelled",
)  # fmt: skip


@post("/training", status_code=200, sync_to_thread=True)
def create(
    studio: NamedDependency[Studio],
    caller: NamedDependency[Caller],
    data: JSONBody[CreateSessionBody],
) -> TrainingSession:
    """Make a session."""
    for name in ("name", "env", "model"):
        if not getattr(data, name).strip():
            raise bad_request(f"{name}: must not be empty")
    with studio.database.write(of=caller.project) as connection:
        environment = sessions.environment_of(connection, caller.project, data.env)
        _check_model(environment, data.model)
        row = sessions.create_session(
            connection, caller, name=data.name, env=data.env, model=data.model
        )
        return sessions.session_body(connection, row, studio.store, ())


@get("/training", sync_to_thread=True)
def list_sessions(
    studio: NamedDependency[Studio],
    caller: NamedDependency[Caller],
    limit: Limit = 100,
    offset: Offset = 0,
    status: FromQuery[str | None] = None,
) -> list[TrainingSession]:
    """Sessions, newest first, without their runs."""
    with studio.database.read() as connection:
        rows = _rows(connection, caller, limit, offset, status)
        return sessions.session_bodies(connection, rows, studio.store)


@route(
    "/training",
    http_method=HttpMethod.OPTIONS,
    status_code=204,
    include_in_schema=False,
    sync_to_thread=False,
)
def list_methods() -> Response[None]:
    """The methods of a path with two handlers: the framework's own answer names one of them."""
    return Response(None, headers={"allow": "GET, OPTIONS, POST"})


@get("/training/names", sync_to_thread=True)
def list_names(
    studio: NamedDependency[Studio],
    caller: NamedDependency[Caller],
    limit: Limit = 100,
    offset: Offset = 0,
    status: FromQuery[str | None] = None,
) -> list[SessionName]:
    """Ids and names, newest first."""
    with studio.database.read() as connection:
        rows = _rows(connection, caller, limit, offset, status)
        return [SessionName(row.id, row.name) for row in rows]


@get("/training/{session:str}", sync_to_thread=True)
def retrieve(
    studio: NamedDependency[Studio], caller: NamedDependency[Caller], session: FromPath[str]
) -> TrainingSession:
    """One session with its run ids."""
    with studio.database.read() as connection:
        row = sessions.get_row(connection, caller.project, session)
        ids = sessions.run_ids(connection, session)
        return sessions.session_body(connection, row, studio.store, ids)


@post("/training/{session:str}/add", status_code=200, sync_to_thread=True)
def add(
    studio: NamedDependency[Studio],
    caller: NamedDependency[Caller],
    session: FromPath[str],
    data: JSONBody[AddRunsBody],
) -> OkAnswer:
    """Add runs, all or none."""
    if len(data.runs) > MAX_IDS:
        raise bad_request(f"runs: {len(data.runs):,} ids, at most {MAX_IDS:,} a call")
    with studio.database.write(of=session) as connection:
        row = sessions.get_row(connection, caller.project, session)
        sessions.add_runs(connection, caller, row, data.runs)
    return OkAnswer()


@get("/training/{session:str}/runs", sync_to_thread=True)
def list_runs(
    studio: NamedDependency[Studio],
    caller: NamedDependency[Caller],
    session: FromPath[str],
    limit: Limit = 100,
    offset: Offset = 0,
) -> Any:
    """References of the session's runs, in the order of adding."""
    with studio.database.read() as connection:
        sessions.get_row(connection, caller.project, session)
        found = session_refs(connection, caller.project, session, limit=limit, offset=offset)
    return raw_list(found)


@post("/training/{session:str}/build", status_code=200, sync_to_thread=True)
def build(
    studio: NamedDependency[Studio], caller: NamedDependency[Caller], session: FromPath[str]
) -> DatasetAnswer:
    """Make the dataset of the session's runs."""
    return DatasetAnswer(studio.store.place(build_session(studio, caller, session)))


@get("/training/{session:str}/url", sync_to_thread=True)
def dataset_url(
    studio: NamedDependency[Studio], caller: NamedDependency[Caller], session: FromPath[str]
) -> UrlAnswer:
    """A signed link to the dataset."""
    with studio.database.read() as connection:
        row = sessions.get_row(connection, caller.project, session)
    if row.dataset is None:
        raise missing("dataset of session", session)
    stored = studio.store.rows.find(row.dataset)
    size, crc32c = (stored.size, stored.crc32c) if stored is not None else (None, None)
    return UrlAnswer(studio.store.download_url(row.dataset), size, crc32c)


@get("/training/{session:str}/upload-url", sync_to_thread=True)
def upload_url(
    studio: NamedDependency[Studio],
    caller: NamedDependency[Caller],
    session: FromPath[str],
    *,
    resumable: FromQuery[bool] = False,
) -> UrlAnswer:
    """A link to upload a dataset to: a resumable session, or one signed PUT."""
    with studio.database.read() as connection:
        sessions.get_row(connection, caller.project, session)
    return UrlAnswer(studio.store.upload_url(session, resumable=resumable))


@post("/training/{session:str}/dataset", status_code=200, sync_to_thread=True)
def set_dataset(
    studio: NamedDependency[Studio],
    caller: NamedDependency[Caller],
    session: FromPath[str],
    data: JSONBody[SetDatasetBody],
) -> DatasetAnswer:
    """Say which dataset the training takes."""
    with studio.database.read() as connection:
        sessions.get_row(connection, caller.project, session)
    chosen = None if data.dataset == "default" else studio.store.accept(data.dataset, session)
    with studio.database.write(of=session) as connection:
        row = sessions.get_row(connection, caller.project, session)
        sessions.refuse_busy(row)
        name = row.built if data.dataset == "default" else chosen
        if name is None and data.dataset == "default":
            raise conflict("nothing was built yet; call build first, or name an uploaded object")
        if name is None:
            raise missing("finished upload", data.dataset)
        sessions.change(connection, session, caller.subject, status="prepared", dataset=name)
    return DatasetAnswer(studio.store.place(name))


@post("/training/{session:str}/start", status_code=200, sync_to_thread=True)
def start(
    studio: NamedDependency[Studio], caller: NamedDependency[Caller], session: FromPath[str]
) -> TrainingJob:
    """Start the training; the same job again while one is active."""
    with studio.database.write(of=session) as connection:
        row = sessions.get_row(connection, caller.project, session)
        job = active_job(connection, session)
        if job is None:
            job = _start(connection, caller, row, studio.presence.id)
        body = job_body(connection, caller.project, job)
    studio.jobs.wake()
    return body


@post("/training/{session:str}/cancel", status_code=200, sync_to_thread=True)
def cancel(
    studio: NamedDependency[Studio], caller: NamedDependency[Caller], session: FromPath[str]
) -> TrainingJob:
    """Cancel the active job; a cancelled one is answered as it is."""
    with studio.database.write(of=session) as connection:
        row = sessions.get_row(connection, caller.project, session)
        if row.job is None:
            raise conflict("the session has no job")
        body = job_body(connection, caller.project, row.job)
        if body.status in ("completed", "failed"):
            raise conflict(f"the job is {body.status}")
        end_job(connection, row.job, None)
        body = job_body(connection, caller.project, row.job)
    studio.jobs.wake()
    return body


@get("/training/job/{job:path}")
async def retrieve_job(
    studio: NamedDependency[Studio],
    caller: NamedDependency[Caller],
    job: FromPath[str],
    *,
    sync: FromQuery[bool] = False,
) -> TrainingJob:
    """The job; with sync, when it is over or after 55 seconds."""
    seconds = SYNC_SECONDS if sync else 0.0
    return await studio.jobs.wait(caller.project, job.removeprefix("/"), seconds)


def _rows(
    connection: Connection, caller: Caller, limit: int, offset: int, status: str | None
) -> Any:
    if status is not None and status not in _STATUSES:
        raise bad_request(f"status: is one of {', '.join(_STATUSES)}")
    return sessions.list_rows(connection, caller.project, limit=limit, offset=offset, status=status)


def _check_model(environment: Environment, model: str) -> None:
    known = [one.id for one in trainable(environment)]
    if model not in known:
        listed = ", ".join(known) or "none"
        raise bad_request(
            f"model: {environment.name} cannot train {model[:100]}; trainable: {listed}"
        )


def _start(connection: Connection, caller: Caller, row: Row[Any], server: str) -> str:
    sessions.refuse_busy(row)
    if row.dataset is None:
        raise conflict("the session has no dataset; build one or upload and set one first")
    provider = sessions.environment_of(connection, caller.project, row.env).provider
    if provider not in TRAINERS:
        raise bad_request(
            f"this Studio cannot start a training at {provider}: only the rehearsal of an "
            "environment of provider test is built"
        )
    job = create_job(connection, row, provider, server)
    sessions.change(connection, row.id, caller.subject, status="processing", job=job)
    return job


ROUTES = [
    list_methods,
    create,
    list_sessions,
    list_names,
    retrieve,
    add,
    list_runs,
    build,
    dataset_url,
    upload_url,
    set_dataset,
    start,
    cancel,
    retrieve_job,
]
