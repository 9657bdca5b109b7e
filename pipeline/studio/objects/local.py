"""Datasets in a folder of this machine, uploaded to and downloaded from the Studio itself."""

from pathlib import Path
from tempfile import NamedTemporaryFile

from pipeline.studio.clock import now_ms
from pipeline.studio.database import Database
from pipeline.studio.objects.links import Links
from pipeline.studio.objects.parts import Parts, digests_of, sync_folder
from pipeline.studio.objects.quota import ObjectLimits, Quota
from pipeline.studio.objects.rows import Finished, ObjectRows
from pipeline.studio.objects.spool import Spool

__all__ = ["LocalObjects"]


class LocalObjects:
    """Objects by name in one folder, what is not finished beside it."""

    def __init__(
        self, database: Database, folder: Path, links: Links, limits: ObjectLimits
    ) -> None:
        self._folder = folder / "objects"
        self._links = links
        parts = folder / "parts"
        for made in (self._folder, parts):
            made.mkdir(parents=True, exist_ok=True)
        self.rows = ObjectRows(database)
        self.quota = Quota(limits.all, sum(_size(one) for one in (self._folder, parts)))
        self.spool = Spool(self.rows, Parts(parts, self.quota), self, limits)

    def place(self, name: str) -> str:
        """Where an object lies: no secret, and no right to read it."""
        return self._links.place(name)

    def download_url(self, name: str) -> str:
        """A signed link that permits to read it for a while."""
        return self._links.signed(name, "GET")

    def upload_url(self, session: str, *, resumable: bool) -> str:
        """A fresh URL for one upload."""
        upload = self.spool.begin(session)
        if resumable:
            return self._links.resumable(upload.id)
        return self._links.signed(upload.object, "PUT")

    def put(self, session: str, source: Path) -> str:
        """A new object with the bytes of a file; its name."""
        return self.spool.put(session, source)

    def accept(self, name: str, session: str) -> str | None:
        """The name, if it is of a finished object of the session's."""
        self.spool.opened_for(name)
        return name if self.rows.belongs(name, session) else None

    def path(self, name: str) -> Path:
        """Where a known object lies. Never call it with a name that a client made up."""
        return self._folder / name

    def local(self, name: str) -> Path | None:
        """The file that has the object's bytes."""
        return self.path(name)

    def fetch(self, name: str, target: Path) -> None:
        """Bring the object into a file: a second name for the same bytes."""
        target.unlink(missing_ok=True)
        target.hardlink_to(self.path(name))

    def reach(self) -> None:
        """Write a byte and remove it."""
        with NamedTemporaryFile(dir=self._folder, prefix=".probe-") as probe:
            probe.write(b"x")

    def sweep(self) -> None:
        """Complete what a crash left half done, and remove what no upload will finish."""
        self.spool.sweep()

    def recover(self, name: str) -> Finished | None:
        """The object, if a crash came between its bytes and its row."""
        path = self.path(name)
        return self._finished(path, digests_of(path)) if path.exists() else None

    def forward(self, name: str, part: Path, size: int) -> None:
        """Nothing goes ahead: the part becomes the object by its name alone."""

    def take(self, name: str, part: Path, digests: tuple[str, str]) -> Finished:
        """Rename the part to the object."""
        part.touch(0o600)
        part.replace(self.path(name))
        sync_folder(self._folder)
        return self._finished(self.path(name), digests)

    def forget(self, name: str) -> None:
        """Nothing of an upload is anywhere but in its part."""

    def _finished(self, path: Path, digests: tuple[str, str]) -> Finished:
        crc32c, md5 = digests
        return Finished(path.stat().st_size, crc32c, md5, str(now_ms()))


def _size(folder: Path) -> int:
    return sum(entry.stat().st_size for entry in folder.iterdir() if entry.is_file())
