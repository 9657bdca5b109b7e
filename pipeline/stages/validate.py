"""Would every asked provider take this record? Imports `records` and the formats."""

from dataclasses import dataclass
from typing import Any

from msgspec import Struct

from pipeline.formats import Format, Unfit, write_line
from pipeline.records import ChatRecord, Rejected

__all__ = ["Accepted", "Validate"]


class Accepted(Struct, frozen=True):
    """What the formats made of a record."""

    lines: tuple[bytes, ...]
    """One a format, in their order, without a newline."""
    rewritten: list[str] | None = None
    """What had to be rewritten, as `format:rewrite`; None where nothing had to be."""


@dataclass(frozen=True, slots=True)
class Validate:
    """Keep a record whose line every format accepts."""

    formats: tuple[Format[Any], ...]

    def __call__(self, record: ChatRecord) -> Accepted | Rejected:
        """The record's line in every format, or the first refusal."""
        lines: list[bytes] = []
        rewritten: list[str] = []
        for form in self.formats:
            written = write_line(form, record)
            if isinstance(written, Unfit):
                return Rejected("validate", "format_refused", f"{form.name}: {written.reason}")
            line, rewrites = written
            for problem in form.check(line):
                said = f"{form.name}: {problem.pointer or '/'} {problem.reason}"
                return Rejected("validate", "format_refused", said)
            lines.append(line)
            rewritten += [f"{form.name}:{rewrite}" for rewrite in rewrites]
        return Accepted(tuple(lines), rewritten or None)
