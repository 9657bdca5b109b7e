"""What a format is: one provider's training line, its rules and its limits. Imports `records`."""

from typing import Protocol

from msgspec import Struct

from pipeline.records import ChatRecord

__all__ = ["Format", "Limits", "Problem", "Source"]


class Problem(Struct, frozen=True):
    """A broken rule of a line."""

    rule: str
    """A short stable name, for counting."""
    pointer: str
    """JSON pointer (RFC 6901) of the place; empty for the whole line."""
    reason: str
    """What is wrong there, as the end of a sentence."""


class Source(Struct, frozen=True):
    """Where a vendor's figure was read."""

    page: str
    read: str
    """The day, `YYYY-MM-DD`."""


class Limits(Struct, frozen=True):
    """What a provider takes. None: no figure is known."""

    min_examples: int
    """Lines in a training file."""
    max_file_bytes: int
    max_images: int | None
    """In one example."""
    max_image_bytes: int | None
    sources: dict[str, Source]
    """By the name of the limit; every limit that is not None has one."""


class Format(Protocol):
    """One provider's training line. Implementations are pure and stateless."""

    @property
    def name(self) -> str:
        """The word for it in specs and folders."""

    @property
    def file_suffix(self) -> str:
        """`.jsonl`."""

    @property
    def limits(self) -> Limits:
        """Of a file and of an example."""

    def encode(self, record: ChatRecord) -> bytes:
        """The record's line, without a newline."""

    def decode(self, line: bytes) -> ChatRecord:
        """The record of a line that `check` has nothing against."""

    def check(self, line: bytes) -> tuple[Problem, ...]:
        """Every broken rule; empty for a line that the provider takes. Never raises."""
