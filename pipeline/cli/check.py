"""`trainset check`: files against providers' rules; every line, field and reason; repairs."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import msgspec

from pipeline.build.checking import (
    CheckedFile,
    CheckOptions,
    Fix,
    Said,
    check_file,
    sarif_file,
)
from pipeline.build.outputs import is_the_source
from pipeline.build.pulling.patterns import files_of
from pipeline.build.target import ResolvedTarget, refuse_closed, resolve_target
from pipeline.cli.check_table import file_name, show_file
from pipeline.cli.console import say, shown_progress
from pipeline.cli.options import json_flag, read_spec, target_flags
from pipeline.cli.standing import today
from pipeline.cli.summary import print_json
from pipeline.errors import GateRefused, UsageError
from pipeline.formats import Format, get_format

__all__ = ["command"]

_STDIN = "-"


@click.command("check")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option(
    "--format",
    "formats",
    multiple=True,
    required=True,
    metavar="F",
    help="Provider format (repeatable: the file is read once).",
)
@click.option("--validation", is_flag=True, help="FILE is a validation file: few examples will do.")
@click.option("--lines", is_flag=True, help="Print one JSON object a problem to stdout.")
@click.option("--sarif", metavar="OUT", help="Write the problems to OUT as SARIF 2.1.0.")
@click.option(
    "--max-problems",
    type=click.IntRange(min=0),
    default=1000,
    show_default=True,
    help="Most problems for --lines and --sarif.",
)
@click.option("--fix", metavar="OUT", help="Write FILE to OUT with all safe repairs.")
@click.option("--drop-broken", is_flag=True, help="With --fix: leave out what cannot be repaired.")
@click.option(
    "--workers",
    type=click.IntRange(min=0),
    help="Processes; 0: one a processor.  [default: by the size of the file]",
)
@target_flags
@json_flag
def command(files: tuple[str, ...], **flags: Any) -> None:
    """Check FILEs (JSON Lines; - is standard input) against providers' rules.

    Every line is read and every broken rule counted, with its first lines and what to do; gzip and
    Zstandard are unpacked. --fix writes a file in which every line that can be repaired without
    changing a word that is trained is repaired; the others stay as they are, unless --drop-broken
    leaves them out. With --model or --provider the catalog is asked whether it still takes new
    jobs. Exit code 0 where every format takes every file (with --fix: OUT), else 3.
    """
    forms = [get_format(name) for name in dict.fromkeys(flags["formats"])]
    names = _names(files)
    _require_sense(names, flags)
    target = _target(flags)
    quiet = flags["as_json"] or flags["lines"]
    listener = _Listener(flags["max_problems"])
    with ExitStack() as stack:
        if flags["lines"]:
            listener.hearers.append(_print_line)
        if flags["sarif"]:
            log = stack.enter_context(sarif_file(Path(flags["sarif"]), forms))
            listener.hearers.append(log.write)
        checked = [_check(name, forms, flags, listener) for name in names]
    for one in checked:
        show_file(one, err=quiet)
    if flags["as_json"]:
        print_json(_summary(checked, target))
    refused = [reason for one in checked for reason in _refusals(one)]
    if refused:
        raise GateRefused(f"{'; '.join(refused)}; see above")
    if target is not None:
        refuse_closed(target, allow=bool(flags["allow_closed"]))


class _Listener:
    """Passes problems on, up to a number of them over all files."""

    def __init__(self, most: int) -> None:
        self.hearers: list[Callable[[Said], None]] = []
        self.left = most

    def __call__(self, said: Said) -> None:
        self.left -= 1
        for hear in self.hearers:
            hear(said)


def _check(
    name: str, forms: Sequence[Format[Any]], flags: dict[str, Any], listener: _Listener
) -> CheckedFile:
    fix = Fix(flags["fix"], flags["drop_broken"]) if flags["fix"] else None
    options = CheckOptions(
        workers=flags["workers"],
        training=not flags["validation"],
        listed=listener.left if listener.hearers else 0,
        fix=fix,
    )
    with shown_progress() as progress:
        return check_file(name, forms, options, hear=listener, progress=progress)


def _names(files: tuple[str, ...]) -> list[str]:
    """The files, globs opened."""
    found: list[str] = []
    for word in files:
        found += [word] if word == _STDIN else map(str, files_of("check", [word]))
    return list(dict.fromkeys(found))


def _require_sense(names: Sequence[str], flags: dict[str, Any]) -> None:
    if flags["fix"] and len(names) > 1:
        raise UsageError("--fix: give one FILE, the one that is to be written")
    log = flags["sarif"]
    if log and (log == flags["fix"] or any(is_the_source(Path(log), name) for name in names)):
        raise UsageError(f"--sarif {log}: is another file of this command; name one for the log")
    if flags["drop_broken"] and not flags["fix"]:
        raise UsageError("--drop-broken: is for --fix OUT; nothing is ever changed in FILE itself")


def _target(flags: dict[str, Any]) -> ResolvedTarget | None:
    """The target as it stands today, with its warnings said; None where none is named."""
    named = {name: flags[name] for name in ("provider", "model", "catalog", "formats")}
    spec = read_spec(**named)
    resolved = resolve_target(spec.target, spec.formats, today())
    if resolved is not None:
        for sentence in refuse_closed(resolved, allow=True):
            say(f"warning: {sentence}")
    return resolved


def _summary(checked: Sequence[CheckedFile], target: ResolvedTarget | None) -> dict[str, Any]:
    told = None
    if target is not None:
        state, sentences = target.standing.state, refuse_closed(target, allow=True)
        told = {"name": target.target.name, "state": state, "warnings": list(sentences)}
    return {
        "accepted": all(one.accepted for one in checked),
        "files": [msgspec.to_builtins(one) for one in checked],
        "target": told,
    }


def _print_line(said: Said) -> None:
    click.echo(msgspec.json.encode(said))


def _refusals(checked: CheckedFile) -> Iterator[str]:
    """Who refuses what, in few words."""
    for verdict in checked.formats:
        if verdict.accepted:
            continue
        fixed = checked.fixed
        count = verdict.refused if fixed is None else fixed.left
        lines = checked.lines if fixed is None else fixed.lines
        what = f"{count:,} of {lines:,} lines" if count else "the file"
        name = file_name(checked) if fixed is None else fixed.path
        yield f"{name}: {verdict.format} refuses {what}"
