"""Check files against formats, in a stream. Imports `engines`, `formats` and this room's files."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

from msgspec import Struct

from pipeline.build.checking.batches import Batch, BatchJudge, Judging
from pipeline.build.checking.documents import read_documents
from pipeline.build.checking.fixing import Fix, FixedFile, fixed_file
from pipeline.build.checking.gathering import Gathered, said_of_file, said_warning, verdict_of
from pipeline.build.checking.opening import Opened, cut, open_input
from pipeline.build.checking.result import CheckedFile, Hear
from pipeline.build.checking.whole import file_warnings, fixed_summary, shape_problems
from pipeline.build.line_blocks import LONGEST_LINE, read_blocks
from pipeline.build.progress import SILENT, Progress
from pipeline.engines import Engine, LocalEngine
from pipeline.errors import GateRefused, UsageError
from pipeline.formats import Format
from pipeline.formats.judging import MARK, FileFacts, break_file_rules

__all__ = ["WORKER_MODULES", "CheckOptions", "check_file"]

WORKER_MODULES = ("pipeline.build.checking.batches",)
"""What a worker has imported before it is forked."""

_WORTH_WORKERS = 256 << 20
"""Bytes of a file from which on workers save more than their start takes."""


class CheckOptions(Struct, frozen=True, kw_only=True):
    """How a file is to be checked."""

    workers: int | None = None
    """Processes; 0 is one a processor; None decides by the size of the file."""
    training: bool = True
    """False for a validation file, which may have few examples."""
    listed: int = 0
    """How many problems are heard one by one."""
    fix: Fix | None = None


def check_file(
    name: str,
    forms: Sequence[Format[Any]],
    options: CheckOptions,
    *,
    hear: Hear | None = None,
    progress: Progress = SILENT,
) -> CheckedFile:
    """What every format has against a file; `-` is standard input.

    Raises `SourceUnreadable` for a file that is not there or damaged, `UsageError` for one that
    is no text, `GateRefused` where it cannot be written repaired.
    """
    fix = options.fix
    if fix is not None and len(forms) != 1:
        raise UsageError("--fix: give one --format, the one that the file is written for")
    judging = Judging(
        formats=tuple(form.name for form in forms),
        listed=options.listed if hear else 0,
        fix=fix is not None,
        drop_broken=fix is not None and fix.drop_broken,
    )
    gathered = Gathered(name, forms, hear, options.listed)
    with ExitStack() as stack:
        opened = stack.enter_context(open_input(name))
        written = stack.enter_context(fixed_file(fix, name, forms[0])) if fix else None
        engine = stack.enter_context(_engine(opened, forms, options))
        progress.begin("check", opened.size)
        for part in engine.map(BatchJudge(judging), _batches(opened)):
            gathered.add(part)
            if written is not None:
                _require_whole(gathered, part.broken, name, fix)
                written.write(part.fixed)
            progress.advance(part.size)
        progress.end("check", f"{gathered.lines:,} lines of {name}")
    return _result(gathered, forms, opened, options, written)


@contextmanager
def _engine(
    opened: Opened, forms: Sequence[Format[Any]], options: CheckOptions
) -> Iterator[Engine]:
    """Who judges: workers where parts can be judged by themselves and it is worth their start."""
    alone = opened.plain is None or opened.look.shape != "lines" or any(one.across for one in forms)
    workers = options.workers
    if workers is None:
        workers = 0 if (opened.size or 0) >= _WORTH_WORKERS else 1
    engine = LocalEngine(1 if alone else workers, WORKER_MODULES)
    try:
        yield engine
    finally:
        engine.close()


def _batches(opened: Opened) -> Iterator[Batch]:
    mark = len(MARK) if opened.look.marked else 0
    if opened.plain is not None and opened.size is not None and opened.look.shape == "lines":
        yield from cut(opened.plain, mark, opened.size)
        return
    opened.stream.read(mark)
    if opened.look.shape != "lines":
        yield from read_documents(opened.stream, LONGEST_LINE)
        return
    for block in read_blocks(opened.stream, opened.name, LONGEST_LINE):
        yield block if block.start is None else replace(block, start=block.start + mark)


def _require_whole(gathered: Gathered, broken: str, name: str, fix: Fix | None) -> None:
    """Nothing is lost without a word: what was not read cannot be written."""
    if broken:
        raise GateRefused(f"{name}: {broken}; nothing was written")
    if gathered.oversized and not (fix and fix.drop_broken):
        raise GateRefused(
            f"{name}: a line has more than {LONGEST_LINE:,} bytes and was not read; nothing was "
            "written: split it, or leave it out with --drop-broken"
        )


def _result(
    gathered: Gathered,
    forms: Sequence[Format[Any]],
    opened: Opened,
    options: CheckOptions,
    written: FixedFile | None,
) -> CheckedFile:
    size = opened.taken if opened.size is None else opened.size
    facts = FileFacts(gathered.examples, size, opened.look.marked, options.training)
    shape = list(shape_problems(opened))
    fixed = None
    if written is not None and options.fix is not None:
        facts = FileFacts(gathered.written, written.size, written.marked, options.training)
        shape = []
        fixed = fixed_summary(gathered, forms[0], opened, options.fix, written)
    verdicts = []
    for form, tally in zip(forms, gathered.tallies, strict=True):
        of_file = [*shape, *break_file_rules(form, facts)]
        for problem in of_file:
            gathered.hear(said_of_file(form, problem, gathered.name))
        left = tally.refused if fixed is None else fixed.left
        verdicts.append(verdict_of(form, tally, of_file, accepted=not left and not of_file))
    warnings = tuple(file_warnings(gathered, forms, opened, fixed))
    for warning in warnings:
        gathered.hear(said_warning(warning, gathered.name))
    return CheckedFile(
        file=gathered.name,
        bytes=size,
        lines=gathered.lines,
        examples=gathered.examples,
        warnings=warnings,
        formats=tuple(verdicts),
        fixed=fixed,
    )
