"""Which servers of a shared database are alive: each job and each build has one, and no second.

A server says every few seconds that it lives, by the database's clock, and stops looking after
anything before the others take it for dead. Where the database is a file, its data-dir has one
server at a time, and nothing is said.
"""

import logging
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Column, ColumnElement, Connection, and_, case, delete, or_, select, update

from pipeline.errors import TransientError
from pipeline.studio.clock import fresh_id, now_text
from pipeline.studio.database import Database, clock_ms, upsert
from pipeline.studio.keys import write_secret
from pipeline.studio.tables import servers, sessions

__all__ = ["Presence"]

LEASE = 30.0
"""Seconds after its last word that a server is taken for dead."""
_BEAT = 5.0
_MARGIN = 10.0
"""Seconds before that when it stops by itself."""
_LOG = logging.getLogger("trainset.studio")


class Presence:
    """This server among those of its database."""

    def __init__(self, database: Database, data_dir: Path) -> None:
        self._database = database
        self.id = _ident(data_dir / "server-id")
        """Stays the same over restarts, so that a server finds what it looked after."""
        self._good_until = 0.0
        self._building: Counter[str] = Counter()
        self._left = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="presence", daemon=True)

    def start(self) -> None:
        """Say that this server lives, now and from now on."""
        if self._database.shared:
            self._live()
        self._thread.start()

    def stop(self) -> None:
        """Say that it is gone: what it looked after is free for the others at once."""
        self._over.set()
        self._thread.join()
        self._good_until = 0.0
        if not self._database.shared:
            return
        try:
            with self._database.write(of=self.id) as connection:
                connection.execute(delete(servers).where(servers.c.id == self.id))
        except TransientError as error:
            _LOG.warning("the others wait %g s for what this server held: %s", LEASE, error)

    def good(self) -> bool:
        """Whether nobody can have taken this server for dead yet."""
        return not self._database.shared or time.monotonic() < self._good_until

    def free(self, holder: Column[str]) -> ColumnElement[bool]:
        """Whether what that column's server looks after may be taken by this one."""
        return or_(holder == self.id, self.abandoned(holder))

    def abandoned(self, holder: Column[str]) -> ColumnElement[bool]:
        """Whether no server that lives looks after it."""
        living = select(servers.c.id).where(servers.c.until > clock_ms())
        return or_(holder.is_(None), holder.not_in(living))

    @contextmanager
    def building(self, session: str) -> Iterator[None]:
        """The block builds that session; what it leaves because of trouble is freed later."""
        self._building[session] += 1
        try:
            yield
        except TransientError:
            self._left = True
            raise
        finally:
            self._building[session] -= 1

    def end_broken_builds(self, connection: Connection) -> None:
        """Free the sessions whose build died with its server: they are as they were without it.

        Those of this server, too, that it is not building in truth.
        """
        going_on = [session for session, count in self._building.items() if count > 0]
        left = and_(sessions.c.builder == self.id, sessions.c.id.not_in(going_on))
        status = case((sessions.c.dataset.is_(None), "created"), else_="prepared")
        connection.execute(
            update(sessions)
            .where(sessions.c.status == "building")
            .where(or_(left, self.abandoned(sessions.c.builder)))
            .values(status=status, builder=None, updated_at=now_text())
        )

    def _run(self) -> None:
        while not self._over.wait(_BEAT):
            if self._database.shared or self._left:
                self._live()

    def _live(self) -> None:
        """Say that this server lives, and end what those that do not have left."""
        began = time.monotonic()
        try:
            with self._database.write(of=self.id) as connection:
                upsert(connection, servers, ("id",), [{"id": self.id, "until": _until(connection)}])
                self._left = False
                self.end_broken_builds(connection)
        except TransientError as error:
            self._left = True
            _LOG.warning("cannot tell the other servers that this one lives: %s", error)
            return
        self._good_until = began + LEASE - _MARGIN


def _until(connection: Connection) -> int:
    now = connection.execute(select(clock_ms())).scalar_one()
    return int(now) + int(LEASE * 1000)


def _ident(path: Path) -> str:
    if not path.exists():
        write_secret(path, fresh_id().encode())
    return path.read_text(encoding="ascii")
