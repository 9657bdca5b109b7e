"""The desk for keys: what the command line does with a data-dir, the server running or not."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.studio import keys
from pipeline.studio.auth.signing import SigningKeys
from pipeline.studio.database import Database, place_of
from pipeline.studio.keys import KeyRow

__all__ = ["KeyDesk", "new_key"]


class KeyDesk:
    """Makes, shows and ends the keys of one Studio."""

    def __init__(self, data_dir: Path, database: str | None = None) -> None:
        self._data_dir = data_dir
        self._place = place_of(data_dir, database)

    def make(self, project: str, *, lifetime: float | None = None) -> str:
        """An API key; it ends after so many seconds."""
        with self._opened() as database:
            return keys.create_key(database, project, lifetime=lifetime)

    def list(self, project: str | None = None) -> list[KeyRow]:
        """All keys, or a project's."""
        with self._opened() as database:
            return keys.list_keys(database, project)

    def revoke(self, prefix: str) -> KeyRow:
        """End the key that begins like this."""
        with self._opened() as database:
            return keys.revoke_key(database, prefix)

    def rotate(self, prefix: str, *, overlap: float, lifetime: float | None = None) -> str:
        """A new key in place of the one that begins like this."""
        with self._opened() as database:
            return keys.rotate_key(database, prefix, overlap=overlap, lifetime=lifetime)

    def rotate_signing(self, *, overlap: float) -> str:
        """Sign tokens with a fresh key pair; the id of the new one."""
        self._data_dir.mkdir(parents=True, exist_ok=True)
        return SigningKeys(self._data_dir).rotate(overlap)

    @contextmanager
    def _opened(self) -> Iterator[Database]:
        database = Database(self._place)
        try:
            yield database
        finally:
            database.close()


def new_key(data_dir: Path, project: str, database: str | None = None) -> str:
    """Make an API key; the server may be running."""
    return KeyDesk(data_dir, database).make(project)
