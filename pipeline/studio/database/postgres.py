"""PostgreSQL: several servers on one database, each write alone with what it is of.

A write takes an advisory lock as its first statement. Under READ COMMITTED every later statement
sees what was committed before it began, so all that those before had done; and what a handler has
read stays true until it commits, in this server and in every other. The lock ends with the
transaction, so a server that dies frees it. A read sees one state of the data (REPEATABLE READ,
read only). https://www.postgresql.org/docs/current/transaction-iso.html
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import Connection, Engine, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from pipeline.errors import (
    AuthRefused,
    Busy,
    NoSpace,
    NotFound,
    PermanentError,
    TrainsetError,
    Unreachable,
    UsageError,
)
from pipeline.studio.database.place import postgres_url, shown

__all__ = ["PostgresBackend"]

_READERS, _WRITERS = 16, 4
_PATIENCE = 10.0
"""Seconds that a request waits for a connection, and a write for those before it."""
_CONNECT: dict[str, Any] = {
    "connect_timeout": 10,
    "tcp_user_timeout": 20_000,
    "prepare_threshold": None,  # a pooler may give each transaction another connection
}
_STUDIO = 0x57D10
"""The first half of the lock of all writes; the second half is the schema's."""
_DURABLE = (
    "set_config('lock_timeout', :patience, true), "
    "CASE WHEN current_setting('synchronous_commit') = 'off' "
    "THEN set_config('synchronous_commit', 'local', true) END"
)
_ALONE = text(f"SELECT {_DURABLE}, pg_advisory_xact_lock(:studio, hashtext(current_schema()))")
_ALONE_WITH = text(
    f"SELECT {_DURABLE}, pg_advisory_xact_lock_shared(:studio, hashtext(current_schema())), "
    "pg_advisory_xact_lock(:of)"
)
_FULL = ("53100", "58030")
"""disk_full, io_error (https://www.postgresql.org/docs/current/errcodes-appendix.html)."""


class PostgresBackend:
    """A PostgreSQL as the Studio's database."""

    shared = True
    """More than one server may work on it."""

    def __init__(self, database: str) -> None:
        _driver()
        url = postgres_url(database)
        self.shown = shown(url)
        self.reading = _engine(url, _READERS).execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        self.writing = _engine(url, _WRITERS).execution_options(isolation_level="READ COMMITTED")

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Nothing: writers wait for a connection of their own and then for the lock."""
        yield

    def hold(self, connection: Connection, of: str | None) -> None:
        """Be alone with what the write is of; with None, be the only one who writes at all."""
        words = {"patience": f"{int(_PATIENCE * 1000)}", "studio": _STUDIO}
        if of is None:
            connection.execute(_ALONE, words)
            return
        key = int.from_bytes(sha256(of.encode()).digest()[:8], signed=True)
        connection.execute(_ALONE_WITH, {**words, "of": key})

    def refusal(self, error: DBAPIError) -> TrainsetError | None:
        """What is wrong in the words of the house, for what passes; the driver's are left out."""
        state = str(getattr(error.orig, "sqlstate", None) or "")
        if state in _FULL:
            return NoSpace(f"{self.shown}: its disk is full or broken")
        if state.startswith("53") or "too many connections" in str(error.orig):
            return Busy(f"{self.shown}: has no room for another connection; try again")
        if state.startswith(("40", "55", "57014", "23505")) or isinstance(error, IntegrityError):
            return Busy(f"{self.shown}: others are writing the same; try again")
        gone = error.connection_invalidated or isinstance(error, OperationalError)
        if gone or state.startswith(("08", "25006", "57", "58")):
            return Unreachable(f"{self.shown}: does not answer; try again")
        return None

    def unusable(self, error: DBAPIError) -> TrainsetError:
        """Why it cannot be opened: what no waiting mends, told apart from what passes."""
        said = str(error.orig)
        if "authentication failed" in said or "no password supplied" in said:
            return AuthRefused(f"{self.shown}: refuses the user or the password of --database")
        if "does not exist" in said:
            return NotFound(f"{self.shown}: there is no such database or user; create it first")
        state = getattr(error.orig, "sqlstate", None)
        passing = PermanentError(f"{self.shown}: cannot be used (SQLSTATE {state})")
        return self.refusal(error) or passing


def _engine(url: URL, connections: int) -> Engine:
    """Up to that many connections, each tried before it is used again.

    What a pool logs of a connection that broke is a traceback; what matters of it is raised.
    """
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)
    given = cast("dict[str, Any]", url.query)
    return create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=_PATIENCE,
        pool_pre_ping=True,
        hide_parameters=True,
        connect_args={name: value for name, value in _CONNECT.items() if name not in given},
    )


def _driver() -> None:
    try:
        import psycopg  # noqa: F401, PLC0415 (an extra)
    except ImportError:
        raise UsageError(
            "--database: PostgreSQL needs an extra; pip install 'trainset[postgres]'"
        ) from None
