"""`trainset convert`: a training file of one format into one of another."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO

import click
import msgspec

from pipeline.build.converting.convert import Conversion, LeftOut, Outputs, convert_files
from pipeline.build.outputs import is_the_source, written
from pipeline.cli.console import say, shown_progress
from pipeline.cli.options import json_flag
from pipeline.cli.summary import print_json
from pipeline.engines import WORKER_MODULES, open_engine
from pipeline.errors import GateRefused, UsageError
from pipeline.formats import get_format
from pipeline.formats.converting import require_convertible

__all__ = ["command"]


@click.command("convert")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--from", "source", required=True, metavar="F", help="The format of the files.")
@click.option("--to", "target", required=True, metavar="G", help="The format to make.")
@click.option("--out", default="-", metavar="FILE", help="Where to.  [default: stdout]")
@click.option(
    "--left-out", metavar="FILE", help="Where lines go, as they came, that cannot be carried."
)
@click.option("--workers", type=click.IntRange(min=0), default=0, help="0: one a processor.")
@json_flag
def command(
    files: tuple[str, ...],
    *,
    source: str,
    target: str,
    out: str,
    left_out: str | None,
    workers: int,
    as_json: bool,
) -> None:
    """Make training FILEs of format F (`-`: standard input) into one of format G.

    Every line is read by F's rules and written by G's. What is rewritten on the way, and which
    lines cannot be carried and why, is told. Exit code 3 where any line was left out.
    """
    require_convertible(get_format(source), get_format(target))
    if left_out is not None and Path(left_out).absolute() == Path(out).absolute():
        raise UsageError(f"--left-out {left_out}: is the file of --out; name another one")
    if as_json and out == "-":
        raise UsageError("--json prints its object on stdout: give --out FILE for the lines")
    with ExitStack() as stack:
        progress = stack.enter_context(shown_progress())
        lines = stack.enter_context(_writing(out, files))
        left = stack.enter_context(_writing(left_out, files)) if left_out else None
        engine = open_engine("local", workers, WORKER_MODULES)
        stack.callback(engine.close)
        into = Outputs(lines, left)
        done = convert_files(files, source, target, into=into, engine=engine, progress=progress)
    _show(done)
    _say_limits(done, target)
    if done.apart is not None:
        say(f"  warning: {target} would refuse the file: {done.apart}")
    if as_json:
        print_json({**msgspec.to_builtins(done), "out": out, "format": target})
    if done.converted < done.lines:
        raise GateRefused(f"{done.lines - done.converted:,} of {done.lines:,} lines were left out")


@contextmanager
def _writing(name: str, files: tuple[str, ...]) -> Iterator[BinaryIO]:
    """A file that appears whole, or standard output."""
    if name == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    path = Path(name).expanduser().absolute()
    if any(is_the_source(path, one) for one in files):
        raise UsageError(f"{name}: is read as well; write to another file")
    with written(path) as file:
        yield file


def _show(done: Conversion) -> None:
    say(f"{done.converted:,} of {done.lines:,} lines converted")
    for rewrite, count in done.rewrites.items():
        say(f"  {rewrite:<28} {count:>9,}")
    for left in done.left_out:
        say(f"  left out, {left.code:<18} {left.count:>9,}  {_reason(left)}")
        say(f"    {', '.join(left.first)}{' ...' if left.count > len(left.first) else ''}")


def _reason(left: LeftOut) -> str:
    return left.reason if left.code == "no_place" else f"{left.rule}: {left.reason}"


def _say_limits(done: Conversion, target: str) -> None:
    least = get_format(target).limits.min_examples
    if least is not None and done.converted < least:
        say(f"  {target} takes {least:,} examples at least, these are {done.converted:,}")
