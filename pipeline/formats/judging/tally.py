"""What a format has against the lines of a file, counted by kind. Imports `schemas`.

Kinds are few whatever a file holds: pointers lose their numbers, sentences the values they quote,
and past a limit all further kinds of a rule are one.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from pipeline.formats.schemas import Problem

__all__ = ["Example", "Group", "Renumber", "Spot", "Tally"]

Renumber = Callable[[int], int]
"""Number of a line in the file, by its number in the part that was judged."""

SHOWN = 5
"""Examples that are kept of a kind."""
_MOST_KINDS = 200
_NUMBER = re.compile(r"/\d+(?=/|$)")
_QUOTED = re.compile(
    r"^.*?(?=is not of type|is not one of|does not match|is too short|is too long"
    r"|should be non-empty|is not valid under|should not be valid under)",
    re.DOTALL,
)


class Spot(Struct, frozen=True):
    """A kind of problem: the rule, and where in a line and in what way it is broken."""

    rule: str
    place: str
    """The JSON pointer with `*` for every number; `...` where there were too many kinds."""
    way: str
    """For a schema's problem its sentence without the value; empty for others."""


class Example(Struct, frozen=True):
    """One problem of a kind."""

    line: int
    """From 1."""
    pointer: str
    reason: str


@dataclass(slots=True)
class Group:
    """The problems of one kind."""

    problems: int = 0
    lines: int = 0
    """How many lines have such a problem."""
    last: int = 0
    """The last line that has one."""
    first: list[Example] = field(default_factory=list)
    """The first few, at most one a line."""

    def add(self, line: int, problem: Problem) -> None:
        """Count one problem; lines come in order."""
        self.problems += 1
        if line == self.last:
            return
        self.lines, self.last = self.lines + 1, line
        if len(self.first) < SHOWN:
            self.first.append(Example(line, problem.pointer, problem.reason))

    def join(self, other: "Group", renumber: Renumber) -> None:
        """Add those of the lines that follow, by their numbers in the file."""
        self.problems += other.problems
        self.lines += other.lines
        self.last = renumber(other.last)
        for one in other.first[: SHOWN - len(self.first)]:
            self.first.append(Example(renumber(one.line), one.pointer, one.reason))


@dataclass(slots=True)
class Tally:
    """What one format has against the lines."""

    refused: int = 0
    """Lines that it refuses."""
    mendable: int = 0
    """Those of them that safe repairs make good."""
    groups: dict[Spot, Group] = field(default_factory=dict)

    def add(self, line: int, problems: Sequence[Problem]) -> None:
        """Count the problems of one line; lines come in order."""
        for problem in problems:
            self._group(_spot(problem)).add(line, problem)

    def join(self, other: "Tally", renumber: Renumber) -> None:
        """Add those of the lines that follow, by their numbers in the file."""
        self.refused += other.refused
        self.mendable += other.mendable
        for spot, group in other.groups.items():
            self._group(spot).join(group, renumber)

    def _group(self, spot: Spot) -> Group:
        found = self.groups.get(spot)
        if found is None:
            if len(self.groups) >= _MOST_KINDS:
                spot = Spot(spot.rule, "...", "")
            found = self.groups.setdefault(spot, Group())
        return found


def _spot(problem: Problem) -> Spot:
    way = _QUOTED.sub("", problem.reason) if problem.rule == "schema" else ""
    return Spot(problem.rule, _NUMBER.sub("/*", problem.pointer), way)
