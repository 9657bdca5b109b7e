"""What `check` says of a file; its JSON is these words. Imports nothing of the other rooms."""

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

__all__ = ["CheckedFile", "FileMend", "Fixed", "FormatVerdict", "Found", "Hear", "Level", "Said"]

Level = Literal["error", "warning"]
"""An error is what the provider refuses, or what our rules refuse for it."""


class FoundAt(Struct, frozen=True):
    """One problem of a kind."""

    line: int | None
    """From 1; None for the file as a whole."""
    pointer: str
    """JSON pointer of the place in the line; empty for all of it."""
    reason: str
    """What is wrong there, as the end of a sentence."""


class Found(Struct, frozen=True):
    """Problems of one kind."""

    rule: str
    level: Level
    place: str
    """The pointers with `*` for every number; `...` for more places than are told apart."""
    says: str
    """What the rule asks for; for a schema's problem, what is wrong."""
    fix: str
    page: str | None
    """Where the provider says so; None for a rule of our own."""
    problems: int
    lines: int
    """Lines that have such a problem; 0 for a problem of the whole file."""
    first: tuple[FoundAt, ...]


class FormatVerdict(Struct, frozen=True):
    """What one format has against the file; with `--fix`, against what was written."""

    format: str
    title: str
    accepted: bool
    refused: int
    """Lines."""
    mendable: int
    """Lines of the file that safe repairs make good."""
    found: tuple[Found, ...]


class FileMend(Struct, frozen=True):
    """A repair that was made."""

    mend: str
    says: str
    lines: int
    """0 for a repair of the whole file."""
    first: tuple[tuple[int, str], ...]
    """Line and JSON pointer of the first few."""


class Fixed(Struct, frozen=True):
    """What was written."""

    path: str
    lines: int
    bytes: int
    mended: int
    """Lines that were changed, and are accepted now."""
    left: int
    """Lines that are refused still and were written as they were."""
    left_out: int
    """Lines that are refused and were not written."""
    mends: tuple[FileMend, ...]


class CheckedFile(Struct, frozen=True):
    """A file and what each format has against it."""

    file: str
    bytes: int
    """Unpacked."""
    lines: int
    examples: int
    """Lines that are not blank."""
    warnings: tuple[Found, ...]
    """What no provider refuses."""
    formats: tuple[FormatVerdict, ...]
    fixed: Fixed | None = None

    @property
    def accepted(self) -> bool:
        """Whether every format takes it; with `--fix`, what was written."""
        return all(verdict.accepted for verdict in self.formats)


class Said(Struct, frozen=True, rename="camel"):
    """One problem, as it is heard while the file is read. Field names are those of SARIF."""

    rule_id: str
    level: Level
    message: str
    file: str
    line: int | None
    pointer: str
    fix: str
    """What a person can do about it."""
    mends: tuple[str, ...]
    """Safe repairs that would make the line good."""
    format: str | None
    """None for what no provider refuses."""


Hear = Callable[[Said], None]
