"""What a format is: one provider's training line, its rules and its limits."""

from typing import Protocol

from msgspec import Struct

from pipeline.records import ChatRecord

__all__ = ["Format", "Limits", "Problem"]


class Problem(Struct, frozen=True):
    """A broken rule of a line."""

    rule: str
    """A short stable name, for counting."""
    pointer: str
    """JSON pointer (RFC 6901) of the place; empty for the whole line."""
    reason: str


class Limits(Struct, frozen=True):
    """What a provider takes; every figure has its source beside it in the format's file."""

    min_examples: int
    max_file_bytes: int


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
        """Of a file."""

    def encode(self, record: ChatRecord) -> bytes:
        """The record's line, without a newline."""

    def decode(self, line: bytes) -> ChatRecord:
        """The record of a line that `check` has nothing against."""

    def check(self, line: bytes) -> tuple[Problem, ...]:
        """Every broken rule; empty for a line that the provider takes."""
