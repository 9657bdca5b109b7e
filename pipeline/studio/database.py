"""The Studio's state: one SQLite file in WAL mode, one writer at a time, every commit on the disk.

A write that was answered survives a kill: synchronous=FULL. Another database URL is not built yet.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine, event
from sqlalchemy.exc import DatabaseError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from pipeline.errors import Busy, IntegrityError, NoSpace

__all__ = ["Database"]

_MIGRATIONS = Path(__file__).parent / "migrations"
_BUSY_MS = 10_000


class Database:
    """Connections for reading, and one at a time for writing."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._engine = create_engine(f"sqlite:///{path}", connect_args={"isolation_level": None})
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        self._writing = threading.Lock()
        try:
            self._migrate(path)
        except DatabaseError as error:
            self.close()
            raise IntegrityError(f"{path}: cannot be used as a database ({error.orig})") from None
        except BaseException:
            self.close()
            raise

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the data."""
        with self._engine.connect() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """The one writing connection: all that the block does is committed, or nothing is."""
        with self._writing, _refusals(), self._engine.connect() as connection:
            writing = connection.execution_options(writing=True)
            with writing.begin():
                yield writing

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    def _migrate(self, path: Path) -> None:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        with self.write() as connection:
            version = _version(connection)
            if version is not None and version not in known:
                raise IntegrityError(
                    f"{path}: was made by a newer trainset (version {version} of its tables); "
                    "install that version or take another --data-dir"
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


@contextmanager
def _refusals() -> Iterator[None]:
    """What passes by itself, in the words of the house: nothing was written."""
    try:
        yield
    except OperationalError as error:
        said = str(error.orig)
        if "locked" in said:
            raise Busy("another program is writing to the Studio's database; try again") from None
        if "full" in said:
            raise NoSpace("the disk of the Studio's database is full") from None
        raise


def _prepare(raw: Any, record: ConnectionPoolEntry) -> None:
    del record
    for pragma in (
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        f"busy_timeout={_BUSY_MS}",
    ):
        raw.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _version(connection: Connection) -> str | None:
    tables = connection.exec_driver_sql(
        "SELECT name FROM sqlite_master WHERE name = 'alembic_version'"
    ).all()
    if not tables:
        return None
    version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if version is None else str(version)
