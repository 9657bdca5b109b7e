"""Convert files, block by block, in flat memory; what could not be carried is told by line."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import msgspec
from msgspec import Struct

from pipeline.build.line_blocks import LONGEST_LINE, LineBlock, open_packed, packing_of, read_blocks
from pipeline.build.progress import Progress
from pipeline.engines import Engine
from pipeline.errors import SourceUnreadable, UsageError
from pipeline.formats import Format, get_format
from pipeline.formats.converting import Converted, NotConverted, convert_line

__all__ = ["Conversion", "LeftOut", "Outputs", "convert_files"]

_SHOWN = 5
_BOM = b"\xef\xbb\xbf"
_TOO_LONG = NotConverted("broken", "too_long", "", f"has more than {LONGEST_LINE:,} bytes")


class LeftOut(Struct, frozen=True):
    """Lines that were not converted, for one reason."""

    code: str
    rule: str
    reason: str
    """That of the first of them."""
    count: int
    first: tuple[str, ...]
    """Where the first ones are, as `file:line`."""


class Conversion(Struct, frozen=True):
    """What became of all lines: `lines = converted + not converted`; blank lines are none."""

    lines: int
    converted: int
    rewrites: dict[str, int]
    """Lines by what had to be rewritten in them."""
    left_out: tuple[LeftOut, ...]
    """The most frequent first."""
    apart: str | None = None
    """Where the first converted line does not fit those before it, as the end of a sentence."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """Where lines go."""

    converted: BinaryIO
    left_out: BinaryIO | None
    """For lines that were not converted, as they came."""


def convert_files(
    names: Iterable[str],
    source: str,
    target: str,
    *,
    into: Outputs,
    engine: Engine,
    progress: Progress,
) -> Conversion:
    """Convert files (`-`: standard input) of one format, in their order, into one of another.

    Raises `SourceUnreadable` for a file that cannot be read, `UsageError` for a folder.
    """
    told, together = _Told(), _Together(get_format(target))
    into.converted.write(get_format(target).file_prefix)
    progress.begin("convert", None)
    for name in names:
        with _opened(name) as file:
            work = engine.map(_ConvertBlock(source, target), _blocks(file, name))
            for block in work:
                into.converted.write(block.lines)
                if into.left_out is not None:
                    into.left_out.write(block.left)
                told.add(name, block)
                together.add(block.lines)
                progress.advance(block.count)
    progress.end("convert", f"{told.converted:,} of {told.lines:,} lines")
    return told.conversion(together.apart)


@dataclass(slots=True)
class _Block:
    """What became of one block of lines."""

    count: int = 0
    converted: int = 0
    lines: bytes = b""
    left: bytes = b""
    rewrites: Counter[str] = field(default_factory=Counter)
    problems: list[tuple[int, NotConverted]] = field(default_factory=list)
    """With the number of the line in its file."""


@dataclass(frozen=True, slots=True)
class _ConvertBlock:
    """Converts the lines of one block."""

    source: str
    target: str

    def __call__(self, block: LineBlock) -> _Block:
        source, target = get_format(self.source), get_format(self.target)
        made, lines, left = _Block(), [], []
        oversized = frozenset(block.oversized)
        rows = block.data.removesuffix(b"\n").split(b"\n")
        for number, line in enumerate(rows, block.first_line):
            if number in oversized:
                made.problems.append((number, _TOO_LONG))
            elif not line.strip():
                continue
            else:
                found = convert_line(line, source, target)
                if isinstance(found, Converted):
                    lines.append(found.line + b"\n")
                    made.rewrites.update(found.rewrites)
                else:
                    made.problems.append((number, found))
                    left.append(line + b"\n")
            made.count += 1
        made.converted = len(lines)
        made.lines, made.left = b"".join(lines), b"".join(left)
        return made


@dataclass(slots=True)
class _Told:
    """What became of all blocks so far."""

    lines: int = 0
    converted: int = 0
    rewrites: Counter[str] = field(default_factory=Counter)
    reasons: dict[tuple[str, str], list[Any]] = field(default_factory=dict)
    """By code and rule: the first reason, how many, where the first ones are."""

    def add(self, name: str, block: _Block) -> None:
        self.lines += block.count
        self.converted += block.converted
        self.rewrites.update(block.rewrites)
        for number, problem in block.problems:
            where = f"{problem.pointer} " if problem.pointer else ""
            first = [f"{where}{problem.reason}", 0, []]
            reason = self.reasons.setdefault((problem.code, problem.rule), first)
            reason[1] += 1
            if len(reason[2]) < _SHOWN:
                reason[2].append(f"{name}:{number}")

    def conversion(self, apart: str | None) -> Conversion:
        left = [
            LeftOut(code, rule, said, count, tuple(first))
            for (code, rule), (said, count, first) in self.reasons.items()
        ]
        left.sort(key=lambda one: (-one.count, one.code, one.rule))
        rewrites = dict(sorted(self.rewrites.items()))
        return Conversion(self.lines, self.converted, rewrites, tuple(left), apart)


class _Together:
    """Looks for a line that the target takes alone, and not beside those before it."""

    def __init__(self, form: Format[Any]) -> None:
        self.apart: str | None = None
        self._judge = form.across() if form.across else None
        self._count = 0

    def add(self, lines: bytes) -> None:
        """Whole lines, in their order."""
        if self._judge is None or self.apart is not None:
            return
        for line in lines.splitlines():
            self._count += 1
            for problem in self._judge(msgspec.json.decode(line)):
                self.apart = f"line {self._count} {problem.pointer or '/'} {problem.reason}"
                return


@contextmanager
def _opened(name: str) -> Iterator[BinaryIO]:
    if name == "-":
        with open(0, "rb", closefd=False) as file:
            yield file
        return
    path = Path(name)
    if path.is_dir():
        raise UsageError(f"{name}: is a folder, name a file")
    try:
        opened = path.open("rb")
    except OSError as error:
        raise SourceUnreadable(f"{name}: cannot be read ({error.strerror})") from None
    with opened, open_packed(opened, packing_of(path)) as file:
        yield file


def _blocks(file: BinaryIO, name: str) -> Iterator[LineBlock]:
    """The file's blocks, without the byte-order mark that it may begin with."""
    for block in read_blocks(file, name, LONGEST_LINE):
        if block.first_line == 1 and block.data.startswith(_BOM):
            yield LineBlock(1, block.data.removeprefix(_BOM), block.oversized)
        else:
            yield block
