"""The one door to the Studio's state: what is read, what is written, and how the tables come."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from pipeline.errors import Busy, IntegrityError
from pipeline.studio.database.postgres import PostgresBackend
from pipeline.studio.database.sqlite import SqliteBackend

__all__ = ["Database"]

_MIGRATIONS = Path(__file__).parents[1] / "migrations"
_MIGRATING = threading.Lock()
"""Alembic runs one migration at a time in a program; what it works on is global."""


class Database:
    """Connections for reading, and for writing alone with what is written.

    What passes by itself (a database that restarts, a full disk, others who write the same) is a
    TransientError of the house, whoever's statement met it, and then nothing was written.
    """

    def __init__(self, where: Path | str) -> None:
        """Open a SQLite file, or the PostgreSQL of a URL; the tables are brought up to date."""
        self._backend = SqliteBackend(where) if isinstance(where, Path) else PostgresBackend(where)
        try:
            self._migrate()
        except DBAPIError as error:
            self.close()
            raise self._backend.unusable(error) from None
        except BaseException:
            self.close()
            raise

    @property
    def shared(self) -> bool:
        """Whether other servers may work on the same data."""
        return self._backend.shared

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees one state of the data."""
        with self._refusals(), self._backend.reading.connect() as connection:
            yield connection

    @contextmanager
    def write(self, of: str | None = None) -> Iterator[Connection]:
        """A writing connection: all that the block does is committed, or nothing is.

        What the block reads stays true until then: nobody else writes meanwhile. With `of`, the
        id of what alone is read and changed, those may write who write of something else.
        """
        with self._refusals(), self._writing(of) as connection:
            yield connection

    def close(self) -> None:
        """Let go of all connections."""
        self._backend.reading.dispose()
        self._backend.writing.dispose()

    @contextmanager
    def _writing(self, of: str | None) -> Iterator[Connection]:
        backend = self._backend
        with backend.turn(), backend.writing.connect() as connection, connection.begin():
            backend.hold(connection, of)
            yield connection

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            refusal = self._backend.refusal(error)
            if refusal is None:
                raise
            raise refusal from None
        except PoolTimeout:
            raise Busy("too much at once for the Studio's database; try again") from None

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", str(_MIGRATIONS))
        known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
        with _MIGRATING, self._writing(None) as connection:
            version = _version(connection)
            if version is not None and version not in known:
                raise IntegrityError(
                    f"{self._backend.shown}: was made by a newer trainset (version {version} of "
                    "its tables); install that version or take another data-dir or database"
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    version = connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar()
    return None if version is None else str(version)
