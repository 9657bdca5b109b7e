"""`/runs`: whole runs, many at once, and lists of references."""

from typing import Any

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody
from msgspec import Struct

from pipeline.api.runs import FindRunsBody
from pipeline.studio.failures import bad_request
from pipeline.studio.handlers.answers import MAX_OFFSET, Limit, Offset, raw_document, raw_list
from pipeline.studio.keys import Caller
from pipeline.studio.runs import RunFilter, filter_of, find_raw, get_raw, list_refs, moment
from pipeline.studio.state import Studio
from pipeline.studio.versions import RunShape

__all__ = ["ROUTES"]

_MAX = 1000


class SearchQuery(Struct, frozen=True):
    """What `/runs/search` can ask for."""

    interaction: str | None = None
    environment: str | None = None
    model: str | None = None
    status: str | None = None
    tags: tuple[str, ...] = ()
    start: str | None = None
    end: str | None = None


class SearchBody(Struct, frozen=True):
    """Body of `POST /runs/search`."""

    query: SearchQuery = SearchQuery()
    limit: int = 100
    offset: int = 0


@get("/runs/{run:str}", sync_to_thread=True)
def retrieve_run(
    studio: NamedDependency[Studio],
    caller: NamedDependency[Caller],
    shape: NamedDependency[RunShape],
    run: FromPath[str],
) -> Any:
    """The run's document as it came; for a client of an old version its result collapsed."""
    with studio.database.read() as connection:
        return raw_document(shape.of(get_raw(connection, caller.project, run)))


@get("/runs", sync_to_thread=True)
def list_runs(  # noqa: PLR0913 (one of each query parameter)
    studio: NamedDependency[Studio],
    caller: NamedDependency[Caller],
    *,
    limit: Limit = 100,
    offset: Offset = 0,
    interaction: FromQuery[str | None] = None,
    status: FromQuery[str | None] = None,
    model: FromQuery[str | None] = None,
    environment: FromQuery[str | None] = None,
    tag: FromQuery[str | None] = None,
) -> Any:
    """References, most recently updated first."""
    asked = RunFilter(
        interaction=interaction,
        status=status,
        model=model,
        environment=environment,
        tags=(tag,) if tag else (),
    )
    return _refs(studio, caller, asked, limit, offset)


@post("/runs/find", status_code=200, sync_to_thread=True)
def find_runs(
    studio: NamedDependency[Studio],
    caller: NamedDependency[Caller],
    shape: NamedDependency[RunShape],
    data: JSONBody[FindRunsBody],
) -> Any:
    """Whole runs by id or by equality on their fields."""
    limit, offset = _span(data.limit, data.offset)
    asked = filter_of(data.query)
    if asked.ids is not None and len(asked.ids) > _MAX:
        raise bad_request(f"query: {len(asked.ids):,} ids, at most {_MAX:,} a call")
    with studio.database.read() as connection:
        found = find_raw(connection, caller.project, asked, limit=limit, offset=offset)
    return raw_list([shape.of(raw) for raw in found])


@post("/runs/search", status_code=200, sync_to_thread=True)
def search_runs(
    studio: NamedDependency[Studio], caller: NamedDependency[Caller], data: JSONBody[SearchBody]
) -> Any:
    """References by field and time of creation."""
    limit, offset = _span(data.limit, data.offset)
    query = data.query
    asked = RunFilter(
        interaction=query.interaction,
        environment=query.environment,
        model=query.model,
        status=query.status,
        tags=query.tags,
        start=_moment("start", query.start),
        end=_moment("end", query.end),
    )
    return _refs(studio, caller, asked, limit, offset)


def _refs(studio: Studio, caller: Caller, asked: RunFilter, limit: int, offset: int) -> Any:
    with studio.database.read() as connection:
        return raw_list(list_refs(connection, caller.project, asked, limit=limit, offset=offset))


def _span(limit: int | None, offset: int | None) -> tuple[int, int]:
    limit, offset = 100 if limit is None else limit, offset or 0
    if not 1 <= limit <= _MAX:
        raise bad_request(f"limit: must be 1 to {_MAX}")
    if not 0 <= offset <= MAX_OFFSET:
        raise bad_request(f"offset: must be 0 to {MAX_OFFSET}")
    return limit, offset


def _moment(name: str, text: str | None) -> str | None:
    found = None if text is None else moment(text)
    if text is not None and found is None:
        raise bad_request(f"query.{name}: is no ISO 8601 time")
    return found


ROUTES = [retrieve_run, list_runs, find_runs, search_runs]
