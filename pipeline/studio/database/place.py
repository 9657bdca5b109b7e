"""Which database is meant: the file in the data-dir, or the URL of a PostgreSQL.

A URL may hold a password, so none is ever quoted: neither here nor in what the driver says of it.
"""

from pathlib import Path

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from pipeline.errors import UsageError

__all__ = ["default_place", "place_of", "postgres_url", "shown"]

_SCHEMES = ("postgresql", "postgresql+psycopg", "postgres")
_OF_THE_DRIVER = frozenset(
    {"autocommit", "context", "cursor_factory", "prepare_threshold", "row_factory"}
)
_HOW = "give postgresql+psycopg://USER@HOST:PORT/DATABASE (in a password, / is %2F and @ is %40)"


def default_place(data_dir: Path) -> Path | str:
    """Where the state of a data-dir lies when nothing else is said."""
    return data_dir / "studio.db"


def place_of(data_dir: Path, database: str | None) -> Path | str:
    """The file of a data-dir, or the URL that was given, once it is sound."""
    if database is None:
        return default_place(data_dir)
    postgres_url(database)
    return database


def postgres_url(text: str) -> URL:
    """The URL as the driver has it. Raises UsageError, without the URL, for one that is none."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):
        raise UsageError(f"--database: cannot be read as a URL; {_HOW}") from None
    if url.drivername not in _SCHEMES:
        raise UsageError(f"--database: is not the URL of a PostgreSQL; {_HOW}")
    if not url.database or "@" in url.database or "/" in url.database:
        raise UsageError(f"--database: names no database; {_HOW}")
    if strange := sorted(_OF_THE_DRIVER & url.query.keys()):
        raise UsageError(f"--database: {strange[0]} is no word of libpq; {_HOW}")
    return url.set(drivername="postgresql+psycopg")


def shown(url: URL) -> str:
    """The database in a sentence: where it is and its name, no user, no password."""
    host = url.host or url.query.get("host") or "the local socket"
    port = f":{url.port}" if url.port else ""
    return f"the PostgreSQL database {url.database} at {host}{port}"
