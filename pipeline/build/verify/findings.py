"""What `verify` says: of each check what was looked at and whether it holds, with what breaks it.

Imports nothing of the package but `errors`.
"""

from typing import Literal

from msgspec import Struct

from pipeline.errors import TrainsetError

__all__ = ["SHOWN", "Broken", "Checked", "Findings", "NotChecked", "Verdict", "Verification"]

SHOWN = 20
"""Examples of each kind that are named."""

Verdict = Literal["holds", "broken", "not checked"]


class Broken(Struct, frozen=True):
    """One rule that does not hold."""

    rule: str
    """What is wrong, in a few words that are the same for all cases."""
    count: int
    examples: tuple[str, ...]
    """The first cases: run ids, files, lines, figures."""


class Checked(Struct, frozen=True):
    """One check."""

    check: str
    looked_at: str
    verdict: Verdict
    broken: tuple[Broken, ...] = ()


class Verification(Struct, frozen=True):
    """All checks of one build or dataset folder."""

    path: str
    build_id: str | None
    """None where the manifest could not be read."""
    checks: tuple[Checked, ...]

    @property
    def violations(self) -> int:
        """How many cases break a rule, over all checks."""
        return sum(broken.count for check in self.checks for broken in check.broken)

    @property
    def holds(self) -> bool:
        """Whether nothing is broken; what was not checked does not count."""
        return all(check.verdict != "broken" for check in self.checks)


class NotChecked(TrainsetError):
    """What the check needs is not there; the sentence says what."""


class Findings:
    """Collects what breaks a rule: all are counted, the first are named."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._examples: dict[str, list[str]] = {}

    def add(self, rule: str, *examples: str, count: int | None = None) -> None:
        """Cases that break a rule; `count` where not all of them are given as examples."""
        number = len(examples) if count is None else count
        if number == 0:
            return
        self._counts[rule] = self._counts.get(rule, 0) + number
        named = self._examples.setdefault(rule, [])
        named += examples[: SHOWN - len(named)]

    def broken(self) -> tuple[Broken, ...]:
        """All of them, in the order in which they were found."""
        return tuple(
            Broken(rule, count, tuple(self._examples[rule])) for rule, count in self._counts.items()
        )
