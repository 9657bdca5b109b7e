"""Put together what the parts of a file are like. Imports `formats` and the files of this room."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from pipeline.build.checking.batches import Judged, MendCount
from pipeline.build.checking.duplicates import Duplicates
from pipeline.build.checking.result import FormatVerdict, Found, FoundAt, Hear, Said
from pipeline.formats import Format, Problem
from pipeline.formats.judging import FILE_RULES, Group, Refusal, Spot, Tally, rule_of

__all__ = ["Gathered", "said_of_file", "said_warning", "verdict_of", "warned"]


class Gathered:
    """Everything that is known of the lines read so far."""

    def __init__(
        self, name: str, forms: Sequence[Format[Any]], hear: Hear | None, listed: int
    ) -> None:
        self.name, self._forms = name, forms
        self._hear, self._left = hear, listed
        self.tallies = [Tally() for _ in forms]
        self.mends: dict[str, MendCount] = {}
        self.duplicates = Duplicates()
        self.lines = self.blank = self.oversized = self.written = self.size = 0
        self.carriage_returns = self.first_return = 0

    def add(self, part: Judged) -> None:
        """The lines that follow."""
        renumber = self._renumber(part)
        for tally, new in zip(self.tallies, part.tallies, strict=True):
            tally.join(new, renumber)
        for name, count in part.mends.items():
            self.mends.setdefault(name, MendCount()).join(count, renumber)
        for refusal in part.refusals:
            self._say(refusal, renumber(refusal.line))
        if part.broken:
            self._break_off(part, renumber(part.lines + 1))
        if part.hashes:
            self.duplicates.add(part.hashes, part.numbers)
        if part.carriage_returns and not self.carriage_returns:
            self.first_return = renumber(part.first_return)
        self.carriage_returns += part.carriage_returns
        self.lines += part.lines
        self.blank += part.blank
        self.oversized += part.oversized
        self.written += part.written
        self.size += part.size

    @property
    def examples(self) -> int:
        """Lines that are not blank."""
        return self.lines - self.blank

    def hear(self, said: Said) -> None:
        """Pass a problem on, as long as some are still asked for."""
        if self._hear is not None and self._left > 0:
            self._left -= 1
            self._hear(said)

    def _renumber(self, part: Judged) -> Callable[[int], int]:
        before, numbers = self.lines, part.numbers
        if numbers is None:
            return lambda line: line + before
        return lambda line: numbers[line - 1]

    def _say(self, refusal: Refusal, line: int) -> None:
        form = self._forms[refusal.format]
        mends = tuple(one.mend for one in refusal.mended.used) if refusal.mended else ()
        for problem in refusal.problems:
            said = _said(form, problem, file=self.name, line=line, mends=mends)
            self.hear(said)

    def _break_off(self, part: Judged, line: int) -> None:
        problem = Problem("json", "", f"{part.broken}; what follows was not looked at")
        for which, tally in enumerate(self.tallies):
            tally.refused += 1
            tally.add(line, [problem])
            self._say(Refusal(which, line, (problem,), None), line)


def said_of_file(form: Format[Any], problem: Problem, file: str) -> Said:
    """A problem of the whole file, as it is heard."""
    return _said(form, problem, file=file, line=None, mends=())


def said_warning(warning: Found, file: str) -> Said:
    """A warning, as it is heard: its first place stands for all."""
    first = warning.first[0]
    return Said(
        rule_id=warning.rule,
        level=warning.level,
        message=first.reason,
        file=file,
        line=first.line,
        pointer=first.pointer,
        fix=warning.fix,
        mends=(),
        format=None,
    )


def verdict_of(
    form: Format[Any], tally: Tally, of_file: Sequence[Problem], *, accepted: bool
) -> FormatVerdict:
    """What a format has against the lines and the whole file."""
    found = [
        *(_kind_of_file(form, problem) for problem in of_file),
        *(_kind(form, spot, group) for spot, group in _ranked(tally)),
    ]
    return FormatVerdict(
        format=form.name,
        title=form.title,
        accepted=accepted,
        refused=tally.refused,
        mendable=tally.mendable,
        found=tuple(found),
    )


def _kind_of_file(form: Format[Any], problem: Problem) -> Found:
    rule = rule_of(form, problem.rule)
    return Found(
        rule=problem.rule,
        level="error",
        place="",
        says=rule.says,
        fix=rule.fix,
        page=rule.source.page if rule.source else None,
        problems=1,
        lines=0,
        first=(FoundAt(None, "", problem.reason),),
    )


def warned(rule: str, lines: int, first: tuple[FoundAt, ...]) -> Found:
    """What no provider refuses, and is told all the same."""
    told = FILE_RULES[rule]
    return Found(rule, "warning", "", told.says, told.fix, None, max(1, lines), lines, first)


def _said(
    form: Format[Any], problem: Problem, *, file: str, line: int | None, mends: tuple[str, ...]
) -> Said:
    return Said(
        rule_id=problem.rule,
        level="error",
        message=problem.reason,
        file=file,
        line=line,
        pointer=problem.pointer,
        fix=rule_of(form, problem.rule).fix,
        mends=mends,
        format=form.name,
    )


def _ranked(tally: Tally) -> Iterator[tuple[Spot, Group]]:
    """The kinds, those of the most lines first."""
    yield from sorted(
        tally.groups.items(), key=lambda pair: (-pair[1].lines, pair[1].first[0].line)
    )


def _kind(form: Format[Any], spot: Spot, group: Group) -> Found:
    rule = rule_of(form, spot.rule)
    return Found(
        rule=spot.rule,
        level="error",
        place=spot.place,
        says=spot.way or rule.says,
        fix=rule.fix,
        page=rule.source.page if rule.source else None,
        problems=group.problems,
        lines=group.lines,
        first=tuple(FoundAt(one.line, one.pointer, one.reason) for one in group.first),
    )
