"""What every place for datasets can do: a local folder, a bucket at Google, a bucket at Amazon.

An object has a name that the Studio made; it belongs to one training session, appears whole and
is never changed afterwards.
"""

from pathlib import Path
from typing import Protocol

from pipeline.studio.objects.rows import ObjectRows
from pipeline.studio.objects.spool import Spool

__all__ = ["CONTENT_TYPE", "INCOMING", "Objects"]

CONTENT_TYPE = "application/jsonl"
INCOMING = "incoming/"
"""Before the names in a bucket to which a link for one PUT may write."""


class Objects(Protocol):
    """A place for datasets."""

    @property
    def rows(self) -> ObjectRows:
        """What the database knows of them."""

    @property
    def spool(self) -> Spool | None:
        """The upload sessions that this Studio serves itself; None where all go elsewhere."""

    def place(self, name: str) -> str:
        """Where an object lies: no secret, and no right to read it."""

    def download_url(self, name: str) -> str:
        """A signed link that permits to read a finished object for a while."""

    def upload_url(self, session: str, *, resumable: bool) -> str:
        """A fresh URL for one upload: a resumable session's, or a signed link for one PUT."""

    def put(self, session: str, source: Path) -> str:
        """A new object with the bytes of a file; its name."""

    def accept(self, name: str, session: str) -> str | None:
        """The name of a finished object of the session's, which a client may call by its key.

        Looks where the bytes are: a cloud tells nobody that an upload was finished.
        """

    def local(self, name: str) -> Path | None:
        """The file that has a finished object's bytes, where there is one on this disk."""

    def fetch(self, name: str, target: Path) -> None:
        """Bring a finished object into a file, compared with what is known of it.

        Raises `NotFound` where it is gone, `IntegrityError` where it is not what it was.
        """

    def reach(self) -> None:
        """Raise `OSError` or an error of the house where datasets cannot be had now."""

    def sweep(self) -> None:
        """Complete what a crash left half done, and remove what no upload will finish."""
