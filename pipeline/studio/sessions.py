"""Training sessions in the database: rows in, wire types out, always within one project."""

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType
from sqlalchemy import Connection, Row, func, insert, select, update

from pipeline.api.environments import Environment, EnvironmentRef
from pipeline.api.jobs import TrainingJob
from pipeline.api.sessions import TrainingSession
from pipeline.studio import tables
from pipeline.studio.clock import fresh_id, now_text
from pipeline.studio.failures import conflict, missing
from pipeline.studio.jobs import job_bodies, job_body
from pipeline.studio.keys import Caller
from pipeline.studio.objects import Objects

__all__ = [
    "add_runs",
    "change",
    "create_session",
    "environment_of",
    "get_row",
    "is_builder",
    "list_rows",
    "refuse_busy",
    "run_ids",
    "session_bodies",
    "session_body",
]

_sessions = tables.sessions
_members = tables.session_runs
_runs = tables.runs
_MANY = 500


def create_session(
    connection: Connection, caller: Caller, *, name: str, env: str, model: str
) -> Row[Any]:
    """A new session; the environment has been looked up before."""
    now = now_text()
    row = {
        "id": fresh_id(),
        "project": caller.project,
        "name": name,
        "env": env,
        "model": model,
        "status": "created",
        "created_by": caller.subject,
        "updated_by": caller.subject,
        "created_at": now,
        "updated_at": now,
    }
    connection.execute(insert(_sessions).values(row))
    return get_row(connection, caller.project, str(row["id"]))


def get_row(connection: Connection, project: str, session: str) -> Row[Any]:
    """The session's row; 404 for one that is not the project's."""
    found = connection.execute(
        select(_sessions).where(_sessions.c.project == project, _sessions.c.id == session)
    ).one_or_none()
    if found is None:
        raise missing("training session", session)
    return found


def list_rows(
    connection: Connection, project: str, *, limit: int, offset: int, status: str | None
) -> Sequence[Row[Any]]:
    """Sessions, newest first."""
    query = select(_sessions).where(_sessions.c.project == project)
    if status is not None:
        query = query.where(_sessions.c.status == status)
    return connection.execute(
        query.order_by(_sessions.c.number.desc()).limit(limit).offset(offset)
    ).all()


def session_body(
    connection: Connection,
    row: Row[Any],
    objects: Objects,
    runs: tuple[str, ...] | UnsetType = UNSET,
) -> TrainingSession:
    """The session as the wire has it."""
    environment = environment_of(connection, row.project, row.env)
    job = job_body(connection, row.project, row.job) if row.job else None
    return _body(row, environment, job, objects, runs)


def session_bodies(
    connection: Connection, rows: Sequence[Row[Any]], objects: Objects
) -> list[TrainingSession]:
    """Sessions of one project as a list has them: what they share is looked up once."""
    environments: dict[str, Environment] = {}
    for row in rows:
        if row.env not in environments:
            environments[row.env] = environment_of(connection, row.project, row.env)
    jobs = job_bodies(connection, [row.job for row in rows if row.job])
    return [_body(row, environments[row.env], jobs.get(row.job), objects, UNSET) for row in rows]


def _body(
    row: Row[Any],
    environment: Environment,
    job: TrainingJob | None,
    objects: Objects,
    runs: tuple[str, ...] | UnsetType,
) -> TrainingSession:
    return TrainingSession(
        id=row.id,
        project=row.project,
        name=row.name,
        env=EnvironmentRef(environment.id, environment.name, environment.provider),
        model=row.model,
        status=row.status,
        dataset=objects.place(row.dataset) if row.dataset else None,
        runs=runs,
        job=Raw(msgspec.json.encode(job)) if job else Raw(b"{}"),
        created_by=row.created_by,
        updated_by=row.updated_by,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def environment_of(connection: Connection, project: str, ident: str) -> Environment:
    """The environment; 404 for one that is not the project's."""
    table = tables.environments
    found = connection.execute(
        select(table.c.document).where(table.c.project == project, table.c.id == ident)
    ).scalar_one_or_none()
    if found is None:
        raise missing("environment", ident)
    return msgspec.json.decode(found, type=Environment)


def run_ids(connection: Connection, session: str) -> tuple[str, ...]:
    """The session's runs in the order of adding."""
    query = select(_members.c.run).where(_members.c.session == session)
    return tuple(connection.execute(query.order_by(_members.c.position)).scalars())


def add_runs(connection: Connection, caller: Caller, row: Row[Any], ids: Sequence[str]) -> None:
    """Add runs to a session, all or none; one that is there already is no error."""
    refuse_busy(row)
    wanted = list(dict.fromkeys(ids))
    unknown = _unknown(connection, row.project, wanted)
    if unknown:
        more = f" and {len(unknown) - 10} more" if len(unknown) > 10 else ""  # noqa: PLR2004
        raise missing("run", f"{', '.join(unknown[:10])}{more}; nothing was added")
    present = set(run_ids(connection, row.id))
    position = connection.execute(
        select(func.max(_members.c.position)).where(_members.c.session == row.id)
    ).scalar()
    first = 0 if position is None else position + 1
    fresh = [run for run in wanted if run not in present]
    if fresh:
        connection.execute(
            insert(_members),
            [
                {"session": row.id, "position": at, "run": run}
                for at, run in enumerate(fresh, first)
            ],
        )
        change(connection, row.id, caller.subject)


def refuse_busy(row: Row[Any]) -> None:
    """409 while the session is building or processing."""
    if row.status in ("building", "processing"):
        raise conflict(f"the session is {row.status}; wait until it is over")


def is_builder(connection: Connection, session: str, server: str) -> bool:
    """Whether the session is being built, and by that server."""
    query = select(_sessions.c.builder, _sessions.c.status).where(_sessions.c.id == session)
    row = connection.execute(query).one()
    return (row.builder, row.status) == (server, "building")


def change(connection: Connection, session: str, by: str, **values: Any) -> None:
    """Change a session's row."""
    values |= {"updated_at": now_text(), "updated_by": by}
    connection.execute(update(_sessions).where(_sessions.c.id == session).values(values))


def _unknown(connection: Connection, project: str, ids: Sequence[str]) -> list[str]:
    known: set[str] = set()
    for start in range(0, len(ids), _MANY):
        query = select(_runs.c.id).where(
            _runs.c.project == project, _runs.c.id.in_(ids[start : start + _MANY])
        )
        known.update(connection.execute(query).scalars())
    return [ident for ident in ids if ident not in known]
