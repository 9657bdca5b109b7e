"""What a detector says: a stretch of text, what it is, and the value in a form of its own.

Two ways to write one value (`+49 171 555`, `+49171555`) have one canonical form, so that it gets
one surrogate. Imports `spec`.
"""

from collections.abc import Iterable

from msgspec import Struct

from pipeline.spec import PrivateKind

__all__ = ["Finding", "without_overlaps"]


class Finding(Struct, frozen=True):
    """A private value in a text."""

    start: int
    end: int
    kind: PrivateKind
    value: str
    """Canonical."""


def without_overlaps(findings: Iterable[Finding]) -> list[Finding]:
    """In order of the text; of two that overlap the one that is given first stays."""
    chosen: list[Finding] = []
    for finding in findings:
        if all(finding.end <= one.start or finding.start >= one.end for one in chosen):
            chosen.append(finding)
    return sorted(chosen, key=lambda finding: finding.start)
