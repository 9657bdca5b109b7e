"""What every handler is given: the Studio's parts, made once."""

import shutil
from collections.abc import Callable
from pathlib import Path

from pipeline.studio.auth.signing import SigningKeys
from pipeline.studio.auth.tokens import Tokens
from pipeline.studio.database import Database, place_of
from pipeline.studio.jobs import JobRunner
from pipeline.studio.keys import EndedKeys
from pipeline.studio.limits import BuildTurns, Limits
from pipeline.studio.objects import Links, Objects, ObjectsAt, Scratch, open_objects
from pipeline.studio.operating.health import Health
from pipeline.studio.operating.metrics import Metrics
from pipeline.studio.people.door import Door
from pipeline.studio.presence import Presence
from pipeline.studio.rendering import TemplateThreads

__all__ = ["Builder", "Studio", "open_studio"]

Builder = Callable[[Path, Path], Path]
"""Builds a dataset from a file of runs in a work folder; the path of the training file."""

TOKEN_LIFETIME = 30 * 60.0
LINK_LIFETIME = 60 * 60.0


class Studio:
    """The Studio's parts. A plain class, so that the framework hands it on as it is."""

    def __init__(
        self,
        data_dir: Path,
        builder: Builder,
        lifetimes: tuple[float, float],
        database: Database,
        *,
        objects: ObjectsAt,
        limits: Limits | None = None,
    ) -> None:
        token_lifetime, link_lifetime = lifetimes
        data_dir.mkdir(parents=True, exist_ok=True)
        self.data_dir = data_dir
        self.builder = builder
        self.database = database
        ended = EndedKeys(self.database)
        self.tokens = Tokens(SigningKeys(data_dir), ended, token_lifetime)
        self.links = Links(data_dir, link_lifetime)
        self.store: Objects = open_objects(objects, self.database, data_dir, self.links)
        self.presence = Presence(self.database, data_dir)
        datasets = Scratch(self.store, data_dir / "scratch")
        self.jobs = JobRunner(self.database, datasets, self.presence)
        self.templates = TemplateThreads()
        self.limits = limits or Limits()
        self.building = BuildTurns(self.limits)
        self.door = Door(self.database, data_dir, ended)
        self.health = Health(self.database, data_dir, self.store)
        self.metrics = Metrics(self.database)


def open_studio(
    data_dir: Path,
    *,
    builder: Builder,
    token_lifetime: float = TOKEN_LIFETIME,
    link_lifetime: float = LINK_LIFETIME,
    database: str | None = None,
    limits: Limits | None = None,
    objects: ObjectsAt | None = None,
) -> Studio:
    """Open the data in a folder, what a kill left half done ended; make them where there are none.

    With `database`, the URL of a PostgreSQL, the state lies there. The caller holds the folder's
    lock.
    """
    place = place_of(data_dir, database)
    lifetimes = (token_lifetime, link_lifetime)
    objects = objects or ObjectsAt()
    opened = Database(place)
    try:
        studio = Studio(data_dir, builder, lifetimes, opened, objects=objects, limits=limits)
        studio.store.sweep()
        shutil.rmtree(data_dir / "builds", ignore_errors=True)
        with studio.database.write() as connection:
            studio.presence.end_broken_builds(connection)
    except BaseException:
        opened.close()
        raise
    return studio
