"""Judge a part of a file: what every worker does. Imports `formats` and the files of this room."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from msgspec import Struct
from xxhash import xxh3_64_digest

from pipeline.build.checking.documents import DocumentBlock
from pipeline.build.checking.opening import Part
from pipeline.build.line_blocks import LONGEST_LINE, LineBlock
from pipeline.formats import Problem, get_format
from pipeline.formats.judging import SHOWN, LineJudge, Refusal, Tally, Wanted

__all__ = ["BLANK_HASH", "Batch", "BatchJudge", "Judged", "Judging", "MendCount"]

Batch = Part | LineBlock | DocumentBlock

BLANK_HASH = xxh3_64_digest(b"")
"""Stands for every line without an example."""


@dataclass(slots=True)
class MendCount:
    """How often a repair was made."""

    lines: int = 0
    first: list[tuple[int, str]] = field(default_factory=list)
    """Line and pointer of the first few."""

    def add(self, line: int, pointers: Sequence[str]) -> None:
        """Count a line on which it was made."""
        self.lines += 1
        if len(self.first) < SHOWN:
            self.first.append((line, pointers[0]))

    def join(self, other: "MendCount", renumber: Callable[[int], int]) -> None:
        """Add those of the lines that follow, by their numbers in the file."""
        self.lines += other.lines
        for line, pointer in other.first[: SHOWN - len(self.first)]:
            self.first.append((renumber(line), pointer))


class Judging(Struct, frozen=True):
    """What is asked of a part; goes to the workers."""

    formats: tuple[str, ...]
    listed: int = 0
    """How many refusals are to be given one by one."""
    fix: bool = False
    """Whether the lines are to be given as they are to be written; then there is one format."""
    drop_broken: bool = False


@dataclass(slots=True)
class Judged:
    """What a part of a file is like; its lines are numbered from 1."""

    tallies: list[Tally] = field(default_factory=list)
    """One a format."""
    lines: int = 0
    blank: int = 0
    oversized: int = 0
    """Lines that were too long to be looked at."""
    size: int = 0
    """In bytes."""
    carriage_returns: int = 0
    """Lines that end with one before the line feed."""
    first_return: int = 0
    """The first of them."""
    refusals: list[Refusal] = field(default_factory=list)
    """The first ones, as many as were asked for."""
    hashes: list[bytes] = field(default_factory=list)
    """Eight bytes a line."""
    numbers: tuple[int, ...] | None = None
    """The lines' own numbers in the file, where they are not 1, 2, 3."""
    broken: str = ""
    """Why nothing could be read after the last line."""
    fixed: list[bytes] = field(default_factory=list)
    """The lines as they are to be written, where that was asked for."""
    written: int = 0
    """How many these are."""
    mends: dict[str, MendCount] = field(default_factory=dict)


class BatchJudge:
    """Judges parts of one file. In one process, in order, it remembers what binds lines."""

    def __init__(self, asked: Judging) -> None:
        self._asked = asked
        self._judge: LineJudge | None = None

    def __call__(self, batch: Batch) -> Judged:
        """What the part is like."""
        if self._judge is None:
            forms = [get_format(name) for name in self._asked.formats]
            self._judge = LineJudge(forms, mending=self._asked.fix)
        found = Judged()
        blocks = batch.blocks() if isinstance(batch, Part) else (batch,)
        for block in blocks:
            if isinstance(block, LineBlock) and block.oversized:
                self._pass_long_line(self._judge, found)
            else:
                self._judge_lines(self._judge, block, found)
        if isinstance(batch, DocumentBlock):
            found.numbers, found.broken = batch.numbers, batch.broken
        found.tallies, found.blank = self._judge.take()
        return found

    def _judge_lines(
        self, judge: LineJudge, block: LineBlock | DocumentBlock, found: Judged
    ) -> None:
        data = block.data
        start = block.start if isinstance(block, LineBlock) else None
        lines = data.split(b"\n")
        lines.pop()  # what follows the last newline: nothing
        refused: list[Refusal] = []
        asked = self._asked
        first = found.lines + 1
        keep = refused.append if asked.fix else _first_of(found.refusals, asked.listed)
        judge.judge(lines, first, start, keep)
        returns = data.count(b"\r\n") if b"\r" in data else 0
        if returns and not found.carriage_returns:
            found.first_return = first + data[: data.index(b"\r\n")].count(b"\n")
        found.carriage_returns += returns
        found.lines += len(lines)
        found.size += len(data)
        if asked.fix and not refused and not returns:
            found.fixed.append(data)
            found.written += len(lines)
        elif asked.fix:
            _fix(lines, first, refused, found, asked)
        else:
            alone = [line.removesuffix(b"\r") for line in lines] if returns else lines
            found.hashes.append(b"".join(map(xxh3_64_digest, alone)))

    def _pass_long_line(self, judge: LineJudge, found: Judged) -> None:
        found.lines += 1
        found.oversized += 1
        found.hashes.append(BLANK_HASH)
        said = f"has more than {LONGEST_LINE:,} bytes and was not looked at"
        keep = _first_of(found.refusals, self._asked.listed)
        judge.refuse(found.lines, Problem("line-bytes", "", said), keep)


def _first_of(kept: list[Refusal], most: int) -> Wanted | None:
    def keep(refusal: Refusal) -> None:
        if len(kept) < most:
            kept.append(refusal)

    return keep if most else None


def _fix(
    lines: list[bytes], first: int, refused: Sequence[Refusal], found: Judged, asked: Judging
) -> None:
    """The lines with their repairs, counted; those that are left out are None meanwhile."""
    made: list[bytes | None] = list(lines)
    for refusal in refused:
        at = refusal.line - first
        if refusal.mended is not None:
            made[at] = refusal.mended.line or None
            for used in refusal.mended.used:
                found.mends.setdefault(used.mend, MendCount()).add(refusal.line, used.pointers)
            continue
        if asked.drop_broken:
            made[at] = None
        if len(found.refusals) < asked.listed:
            found.refusals.append(refusal)
    written = [line.removesuffix(b"\r") + b"\n" for line in made if line is not None]
    found.fixed.append(b"".join(written))
    found.written += len(written)
