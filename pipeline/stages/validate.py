"""Would every asked provider take this record? Imports `records` and the formats."""

from dataclasses import dataclass

from pipeline.formats import Format
from pipeline.records import ChatRecord, Rejected

__all__ = ["Validate"]


@dataclass(frozen=True, slots=True)
class Validate:
    """Keep a record whose line every format accepts."""

    formats: tuple[Format, ...]

    def __call__(self, record: ChatRecord) -> Rejected | None:
        """None for a record that all accept; else the first refusal."""
        for form in self.formats:
            for problem in form.check(form.encode(record)):
                said = f"{form.name}: {problem.pointer or '/'} {problem.reason}"
                return Rejected("validate", "format_refused", said)
        return None
