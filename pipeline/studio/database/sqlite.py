"""SQLite: one file in WAL mode, one writer at a time, every commit on the disk.

A write that was answered survives a kill and a power cut: synchronous=FULL.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import ConnectionPoolEntry

from pipeline.errors import Busy, IntegrityError, NoSpace, TrainsetError, Unreachable

__all__ = ["SqliteBackend"]

_BUSY_MS = 10_000
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_OUT_OF_REACH = frozenset({sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY})


class SqliteBackend:
    """A file as the Studio's database."""

    shared = False
    """Its data-dir has one server at a time: the folder's lock says so."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.shown = str(path)
        self.reading = create_engine(
            f"sqlite:///{path}", connect_args={"isolation_level": None}, hide_parameters=True
        )
        event.listen(self.reading, "connect", _prepare)
        event.listen(self.reading, "begin", _begin)
        self.writing: Engine = self.reading.execution_options(writing=True)
        self._turn = threading.Lock()

    @contextmanager
    def turn(self) -> Iterator[None]:
        """One thread at a time, so that those of one program do not wait by polling the file."""
        with self._turn:
            yield

    def hold(self, connection: Connection, of: str | None) -> None:
        """Be the one who writes: BEGIN IMMEDIATE has seen to it, whatever the write is of."""

    def refusal(self, error: DBAPIError) -> TrainsetError | None:
        """What is wrong in the words of the house; nothing was written."""
        code = getattr(error.orig, "sqlite_errorcode", 0)
        if code & 0xFF in _BUSY:
            return Busy("another program is writing to the Studio's database; try again")
        if code & 0xFF == sqlite3.SQLITE_FULL:
            return NoSpace("the disk of the Studio's database is full")
        if code & 0xFF in _OUT_OF_REACH:
            return Unreachable(f"the file of the Studio's database cannot be used ({error.orig})")
        if code & 0xFF == sqlite3.SQLITE_CONSTRAINT:
            return Busy("the same was written by someone else at this moment; try again")
        return None

    def unusable(self, error: DBAPIError) -> TrainsetError:
        """Why it cannot be opened."""
        said = f"{self.shown}: cannot be used as a database ({error.orig})"
        return self.refusal(error) or IntegrityError(said)


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
