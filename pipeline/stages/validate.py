"""Would every asked provider take this record? Imports `records` and the formats."""

from dataclasses import dataclass

from pipeline.formats import Format
from pipeline.records import ChatRecord, Rejected

__all__ = ["Validate"]


@dataclass(frozen=True, slots=True)
class Validate:
    """Keep a record whose line every format accepts."""

    formats: tuple[Format, ...]

    def __call__(self, record: ChatRecord) -> tuple[bytes, ...] | Rejected:
        """The record's line in every format, or the first refusal."""
        lines = tuple([form.encode(record) for form in self.formats])
        for form, line in zip(self.formats, lines, strict=True):
            for problem in form.check(line):
                said = f"{form.name}: {problem.pointer or '/'} {problem.reason}"
                return Rejected("validate", "format_refused", said)
        return lines
