"""Logged runs in the database: their bytes exactly as they came, and what lists are filtered by."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from msgspec import Raw, Struct
from sqlalchemy import Connection, Select, not_, select

from pipeline.studio.database import holds, upsert
from pipeline.studio.facts import equal_line, facts_of, present_line
from pipeline.studio.failures import bad_request, missing
from pipeline.studio.tables import runs, session_runs

__all__ = [
    "RunFilter",
    "filter_of",
    "find_raw",
    "get_raw",
    "list_refs",
    "moment",
    "put_runs",
    "row_of",
    "session_raw",
    "session_refs",
]

HEAVY = ("result", "parameters", "result_schema", "prompt")
"""What a reference leaves out."""
_MANY = 500
_MAX_ID = 500
"""Characters of an id that an index holds in every database."""
_LARGEST = 2**53
"""A number beyond it is another one to half of those who read JSON."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_COLUMNS = {
    "modelId": "model",
    "model": "model",
    "status": "status",
    "interaction": "interaction",
    "environment": "environment",
}
"""Fields that have a column, which also finds them in a reference."""


class RunFilter(Struct, frozen=True, kw_only=True):
    """Which runs of a project a list asks for; None asks for all."""

    interaction: str | None = None
    environment: str | None = None
    model: str | None = None
    status: str | None = None
    tags: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None
    ids: tuple[str, ...] | None = None
    fields: dict[str, str | int | float | None] = {}
    """Other top-level fields and what each must equal."""


class _Keys(Struct, rename={"model_id": "modelId"}):
    id: str
    interaction: Any = None
    environment: Any = None
    model_id: str | None = None
    status: str | None = None
    tags: Any = None
    created_at: str | None = None
    updated_at: str | None = None


_KEYS = msgspec.json.Decoder(_Keys)
_FIELDS = msgspec.json.Decoder(dict[str, Raw])


def row_of(project: str, raw: bytes) -> dict[str, Any]:
    """A run document's row. Raises msgspec's errors and UnicodeDecodeError for one that is none."""
    keys = _KEYS.decode(raw)
    raw.decode()
    if not keys.id:
        raise msgspec.ValidationError("`id` is empty")
    interaction = _ident(keys.interaction, "id")
    for name, ident in (("id", keys.id), ("interaction", interaction or "")):
        if len(ident) > _MAX_ID:
            raise msgspec.ValidationError(f"`{name}` has more than {_MAX_ID} characters")
    fields = _FIELDS.decode(raw)
    for name in HEAVY:
        fields.pop(name, None)
    tags = keys.tags if isinstance(keys.tags, list) else []
    return {
        "project": project,
        "id": keys.id,
        "raw": raw,
        "ref": msgspec.json.encode(fields),
        "interaction": interaction,
        "interaction_name": _ident(keys.interaction, "name"),
        "environment": _ident(keys.environment, "id"),
        "model": keys.model_id,
        "status": keys.status,
        "tags": "\n".join(["", *(_on_a_line(tag) for tag in tags if isinstance(tag, str)), ""]),
        "facts": facts_of(fields),
        "created_at": _sortable(keys.created_at),
        "updated_at": _sortable(keys.updated_at),
    }


def put_runs(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Store runs; one that is there already is replaced."""
    upsert(connection, runs, ("project", "id"), rows)


def get_raw(connection: Connection, project: str, run: str) -> bytes:
    """A run's document; 404 for one that is not the project's."""
    query = select(runs.c.raw).where(runs.c.project == project, runs.c.id == run)
    found = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise missing("run", run)
    return bytes(found)


def find_raw(
    connection: Connection, project: str, asked: RunFilter, *, limit: int, offset: int
) -> list[bytes]:
    """Whole documents; those asked for by id in the order of asking.

    Those are asked of the database in no order: for an order by time it would go through the
    whole project's index instead of to each id.
    """
    if asked.ids is None:
        query = _newest_first(_filtered(select(runs.c.raw), project, asked))
        return list(connection.execute(query.limit(limit).offset(offset)).scalars())
    found: dict[str, bytes] = {}
    for start in range(0, len(asked.ids), _MANY):
        part = msgspec.structs.replace(asked, ids=asked.ids[start : start + _MANY])
        query = _filtered(select(runs.c.id, runs.c.raw), project, part)
        found.update((row.id, row.raw) for row in connection.execute(query).all())
    ordered = [found[ident] for ident in dict.fromkeys(asked.ids) if ident in found]
    return ordered[offset : offset + limit]


def list_refs(
    connection: Connection, project: str, asked: RunFilter, *, limit: int, offset: int
) -> list[bytes]:
    """References, most recently updated first."""
    query = _newest_first(_filtered(select(runs.c.ref), project, asked))
    return list(connection.execute(query.limit(limit).offset(offset)).scalars())


def session_refs(
    connection: Connection, project: str, session: str, *, limit: int, offset: int
) -> list[bytes]:
    """References of a session's runs, in the order of adding."""
    query = (
        select(runs.c.ref)
        .join(session_runs, (session_runs.c.run == runs.c.id) & (runs.c.project == project))
        .where(session_runs.c.session == session)
        .order_by(session_runs.c.position)
    )
    return list(connection.execute(query.limit(limit).offset(offset)).scalars())


def session_raw(connection: Connection, project: str, session: str) -> Iterable[bytes]:
    """Whole documents of a session's runs, streamed, in the order of adding."""
    query = (
        select(runs.c.raw)
        .join(session_runs, (session_runs.c.run == runs.c.id) & (runs.c.project == project))
        .where(session_runs.c.session == session)
        .order_by(session_runs.c.position)
    )
    return connection.execution_options(yield_per=_MANY).execute(query).scalars()


def _filtered(query: Select[Any], project: str, asked: RunFilter) -> Select[Any]:
    query = query.where(runs.c.project == project)
    if asked.ids is not None:
        query = query.where(runs.c.id.in_(asked.ids))
    for column, value in (
        (runs.c.environment, asked.environment),
        (runs.c.model, asked.model),
        (runs.c.status, asked.status),
    ):
        if value is not None:
            query = query.where(column == value)
    if asked.interaction is not None:
        name = asked.interaction
        query = query.where((runs.c.interaction == name) | (runs.c.interaction_name == name))
    for tag in asked.tags:
        query = query.where(holds(runs.c.tags, f"\n{_on_a_line(tag)}\n"))
    if asked.start is not None:
        query = query.where(runs.c.created_at >= asked.start)
    if asked.end is not None:
        query = query.where(runs.c.created_at < asked.end)
    for field, wanted in asked.fields.items():
        if wanted is None:
            query = query.where(not_(holds(runs.c.facts, present_line(field))))
        else:
            query = query.where(holds(runs.c.facts, equal_line(field, wanted)))
    return query


def _newest_first(query: Select[Any]) -> Select[Any]:
    return query.order_by(runs.c.updated_at.desc(), runs.c.id)


def filter_of(query: dict[str, Any]) -> RunFilter:
    """The filter of a `/runs/find` query: ids by `$in`, equality on top-level fields."""
    words: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    for name, value in query.items():
        match name, value:
            case (("_id" | "id"), _) if (ids := _asked_ids(value)) is not None:
                known = set(words.get("ids", ids))
                words["ids"] = tuple(one for one in ids if one in known)
            case _, str() if name in _COLUMNS:
                words[_COLUMNS[name]] = value
            case _, str() | int() | float() | None if _is_asked(name, value):
                fields[name] = value
            case _:
                raise bad_request(
                    f"query.{name[:100]}: is not supported; ask by id, or what a field equals"
                )
    return RunFilter(**words, fields=fields)


def _asked_ids(value: Any) -> tuple[str, ...] | None:
    """The ids of `"x"` or `{"$in": ["x"]}`; None for another form."""
    match value:
        case str():
            return (value,)
        case {"$in": list() as ids, **rest} if not rest and all(isinstance(i, str) for i in ids):
            return tuple(ids)
        case _:
            return None


def _is_asked(name: str, value: Any) -> bool:
    known = _NAME.match(name) is not None and name not in (*HEAVY, "id", "_id")
    return known and not (isinstance(value, int | float) and abs(value) > _LARGEST)


def moment(text: str) -> str | None:
    """A moment as the columns have it, which sort as text; None for what is none."""
    try:
        parsed = datetime.fromisoformat(text)
        parsed = parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)
        return parsed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
    except (ValueError, OverflowError):
        return None


def _ident(value: Any, key: str) -> str | None:
    if isinstance(value, str):
        return value
    found = value.get(key) if isinstance(value, dict) else None
    return found if isinstance(found, str) else None


def _on_a_line(tag: str) -> str:
    """A tag as the column has it: no newline of its own, which would make it two."""
    return tag.replace("\\", "\\\\").replace("\n", "\\n").replace("\0", "\\0")


def _sortable(text: str | None) -> str | None:
    return text if text is None else moment(text) or text[:_MAX_ID]
