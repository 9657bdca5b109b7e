"""Lines judged by several formats at once: read once, counted by kind. Imports its kin.

A good line costs what decoding it and asking the formats costs; all else is done for bad ones.
"""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.formats.format import Format
from pipeline.formats.judging.mending import Mended, mend_line, mend_unreadable
from pipeline.formats.judging.no_json import is_blank, why_unreadable
from pipeline.formats.judging.tally import Tally
from pipeline.formats.schemas import Problem

__all__ = ["LineJudge", "Refusal", "Wanted"]

_Problems = tuple[Problem, ...]


class Refusal(Struct, frozen=True):
    """A line that a format refuses."""

    format: int
    """Which, of those that were asked."""
    line: int
    """From 1."""
    problems: _Problems
    mended: Mended | None
    """The line repaired, where that can be done safely."""


Wanted = Callable[[Refusal], None]
"""Hears of every line that a format refuses, in order."""


class LineJudge:
    """Judges the lines of one file in their order. What binds lines together is remembered."""

    def __init__(self, forms: Sequence[Format[Any]], *, mending: bool = False) -> None:
        """With `mending`, lines that can be repaired are counted as repaired, not as problems."""
        self._forms = tuple(forms)
        self._mending = mending
        self._across = [form.across() if form.across else None for form in forms]
        self._tallies = [Tally() for _ in forms]
        self._blank = 0

    def take(self) -> tuple[list[Tally], int]:
        """What each format has against the lines since the last time, and how many were blank."""
        taken = self._tallies, self._blank
        self._tallies, self._blank = [Tally() for _ in self._forms], 0
        return taken

    def judge(
        self, lines: Sequence[bytes], first: int, start: int | None, wanted: Wanted | None = None
    ) -> None:
        """Count what the formats have against these lines.

        `first` is the first one's number, `start` the byte where it begins, if that is known.
        """
        decode = msgspec.json.decode
        judges = [(which, form.examine) for which, form in enumerate(self._forms)]
        plain = not any(self._across)
        seen = 0
        for at, line in enumerate(lines):
            try:
                value = decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                if start is not None:
                    start += sum(map(len, lines[seen:at])) + at - seen
                seen = at
                self._refuse_unreadable(first + at, line, start, wanted)
                continue
            for which, examine in judges:
                try:
                    found = examine(value)
                except RecursionError:
                    found = (why_unreadable(line, None),)
                if found or not plain:
                    self._settle(
                        which, first + at, line, found or self._apart(which, value), wanted
                    )

    def _apart(self, which: int, value: Any) -> _Problems:
        """What of a line that is good by itself does not fit the lines before it."""
        across = self._across[which]
        return tuple(across(value)) if across else ()

    def _settle(
        self, which: int, number: int, line: bytes, found: _Problems, wanted: Wanted | None
    ) -> None:
        if not found:
            return
        mended = mend_line(self._forms[which], line)
        if mended and self._mending:
            apart = self._apart(which, msgspec.json.decode(mended.line))
            found, mended = (apart, None) if apart else (found, mended)
        self._count(Refusal(which, number, found, mended), wanted)

    def refuse(self, number: int, problem: Problem, wanted: Wanted | None) -> None:
        """Count a problem that every format has with a line that was not read."""
        for which in range(len(self._forms)):
            self._count(Refusal(which, number, (problem,), None), wanted)

    def _refuse_unreadable(
        self, number: int, line: bytes, start: int | None, wanted: Wanted | None
    ) -> None:
        self._blank += is_blank(line)
        problem = why_unreadable(line, start)
        for which, form in enumerate(self._forms):
            mended = mend_unreadable(form, line)
            self._count(Refusal(which, number, (problem,), mended), wanted)

    def _count(self, refusal: Refusal, wanted: Wanted | None) -> None:
        tally = self._tallies[refusal.format]
        tally.refused += 1
        tally.mendable += refusal.mended is not None
        if refusal.mended is None or not self._mending:
            tally.add(refusal.line, refusal.problems)
        if wanted is not None:
            wanted(refusal)
