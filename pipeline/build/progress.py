"""What a build says while it runs; the command line decides how it looks."""

from typing import Protocol

__all__ = ["SILENT", "Progress"]


class Progress(Protocol):
    """Hears of every stage; called from the building process alone."""

    def begin(self, stage: str, total: int | None) -> None:
        """A stage begins; `total` is in runs (bytes for an upload), None when not known."""

    def advance(self, count: int) -> None:
        """So many more are done."""

    def end(self, stage: str, said: str) -> None:
        """The stage is over; `said` is one short sentence of what came out."""


class _Silent:
    def begin(self, stage: str, total: int | None) -> None:
        """Say nothing."""

    def advance(self, count: int) -> None:
        """Say nothing."""

    def end(self, stage: str, said: str) -> None:
        """Say nothing."""


SILENT: Progress = _Silent()
"""For callers who do not look."""
