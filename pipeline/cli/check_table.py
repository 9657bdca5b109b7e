"""The table that `trainset check` shows of a file. Imports nothing but `build`'s results."""

from collections.abc import Iterator

import click

from pipeline.build.checking import CheckedFile, Fixed, FormatVerdict, Found

__all__ = ["show_file"]

_MOST_KINDS = 30
_REASON = 160
_MEGABYTE = 1_000_000


def show_file(checked: CheckedFile, *, err: bool) -> None:
    """Everything about a file, for a person."""
    for line in _told(checked):
        click.echo(line, err=err)


def _told(checked: CheckedFile) -> Iterator[str]:
    name = "standard input" if checked.file == "-" else checked.file
    yield ""
    yield f"{name}: {checked.examples:,} examples, {_size(checked.bytes)}"
    if checked.fixed is not None:
        yield from _fixed(checked.fixed)
    for verdict in checked.formats:
        yield from _verdict(verdict, checked)
    for warning in checked.warnings:
        yield from _kind(warning, "yellow")


def _verdict(verdict: FormatVerdict, checked: CheckedFile) -> Iterator[str]:
    fixed = checked.fixed
    yield ""
    if not verdict.found:
        yield f"{click.style('accepted', fg='green')} by {verdict.format} ({verdict.title})"
        return
    if verdict.accepted:
        yield f"{click.style('accepted', fg='green')} by {verdict.format}; what was left out:"
    elif fixed is not None:
        yield f"{click.style('refused', fg='red')} by {verdict.format} still, {fixed.path}:"
    else:
        mendable = f", {verdict.mendable:,} can be mended by --fix" if verdict.mendable else ""
        of = f"{verdict.refused:,} of {checked.lines:,} lines{mendable}"
        yield f"{click.style('refused', fg='red')} by {verdict.format} ({verdict.title}): {of}"
    yield f"  {'rule':<20} {'lines':>9}  {'first':<24} what it asks for"
    for found in verdict.found[:_MOST_KINDS]:
        yield from _kind(found, "red")
    if len(verdict.found) > _MOST_KINDS:
        yield f"  and {len(verdict.found) - _MOST_KINDS} more kinds; --json has them all"


def _kind(found: Found, colour: str) -> Iterator[str]:
    """One row of the table, an example below it, and what can be done."""
    rule = click.style(f"{found.rule:<20}", fg=colour)
    if not found.lines:
        yield f"  {rule} {'the file':>9}  {'':<24} {found.says}"
        yield f"      {found.first[0].reason}"
    else:
        yield f"  {rule} {found.lines:>9,}  {_first(found):<24} {_says(found)}"
        example = found.first[0]
        at = f" {example.pointer}" if example.pointer else ""
        yield f"      line {example.line}{at}: {_short(example.reason)}"
    page = f"  {found.page}" if found.page else ""
    yield f"      fix: {found.fix}{page}"


def _says(found: Found) -> str:
    return f"{found.place}: {_short(found.says)}" if found.rule == "schema" else found.says


def _first(found: Found) -> str:
    numbers = [str(one.line) for one in found.first]
    more = ["..."] if found.lines > len(numbers) else []
    return ", ".join([*numbers, *more])


def _fixed(fixed: Fixed) -> Iterator[str]:
    yield f"wrote {fixed.path}: {fixed.lines:,} lines, {_size(fixed.bytes)}"
    yield f"  {fixed.mended:>9,} mended"
    for mend in fixed.mends:
        count = f"{mend.lines:,} lines: " if mend.lines else ""
        numbers = [str(line) for line, _ in mend.first]
        more = ["..."] if mend.lines > len(numbers) else []
        where = ", ".join([*numbers, *more])
        yield f"      {mend.mend:<24} {count}{where}{'  ' if where else ''}{mend.says}"
    if fixed.left:
        yield f"  {fixed.left:>9,} left as they were, still refused"
    if fixed.left_out:
        yield f"  {fixed.left_out:>9,} left out"


def _size(size: int) -> str:
    return f"{size / _MEGABYTE:,.1f} MB" if size >= _MEGABYTE / 10 else f"{size:,} bytes"


def _short(text: str) -> str:
    return text if len(text) <= _REASON else f"{text[:_REASON]}..."
