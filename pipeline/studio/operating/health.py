"""`/healthz`: whether this Studio can do its work, and if not, why.

A sentence a part, with no path, name or number that is anybody's secret: whoever can reach the
port can read it. The look is taken at most once a second, however often it is asked for.
"""

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct
from sqlalchemy import literal, select
from sqlalchemy.exc import SQLAlchemyError

from pipeline.errors import TrainsetError
from pipeline.studio.database import Database
from pipeline.studio.objects import Objects

__all__ = ["Health", "HealthBody"]

RESERVE = 256 << 20
"""Bytes that have to be free on the data-dir's disk."""
_SECONDS = 5.0
_LASTS = 1.0
_GOOD = "ok"


class HealthBody(Struct, frozen=True):
    """What `/healthz` answers."""

    status: str
    """`ready` or `unready`."""
    database: str
    """`ok`, or why not; the next two alike."""
    objects: str
    disk: str

    @property
    def ready(self) -> bool:
        """Whether all is well."""
        return self.status == "ready"


class Health:
    """Looks after the parts."""

    def __init__(self, database: Database, folder: Path, objects: Objects) -> None:
        self._database = database
        self._objects = objects
        self._folder = folder
        self._seen: HealthBody | None = None
        self._seen_at = 0.0
        self._turn = asyncio.Lock()

    async def look(self) -> HealthBody:
        """How things are now, or were a second ago."""
        async with self._turn:
            if self._seen is None or time.monotonic() - self._seen_at > _LASTS:
                self._seen = await self._look()
                self._seen_at = time.monotonic()
            return self._seen

    async def _look(self) -> HealthBody:
        looks = (self._ask_database, self._try_objects, self._measure_disk)
        database, objects, disk = await asyncio.gather(*map(_in_time, looks))
        ready = database == objects == disk == _GOOD
        return HealthBody("ready" if ready else "unready", database, objects, disk)

    def _ask_database(self) -> str:
        try:
            with self._database.read() as connection:
                connection.execute(select(literal(1))).scalar_one()
        except (SQLAlchemyError, TrainsetError, OSError):
            return "the database does not answer"
        return _GOOD

    def _try_objects(self) -> str:
        try:
            self._objects.reach()
        except OSError as error:
            return f"datasets cannot be written ({error.strerror})"
        except TrainsetError:
            return "the bucket cannot be reached"
        return _GOOD

    def _measure_disk(self) -> str:
        try:
            free = shutil.disk_usage(self._folder).free
        except OSError as error:
            return f"the disk cannot be looked at ({error.strerror})"
        if free < RESERVE:
            return f"less than {RESERVE >> 20} MiB are free"
        return _GOOD


async def _in_time(look: Callable[[], str]) -> str:
    try:
        async with asyncio.timeout(_SECONDS):
            return await asyncio.to_thread(look)
    except TimeoutError:
        return f"no answer within {_SECONDS:g} seconds"
