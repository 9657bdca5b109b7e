"""The table that `trainset check` shows of a file. Imports nothing but `build`'s results."""

from collections.abc import Iterator, Sequence

import click

from pipeline.build.checking import CheckedFile, Fixed, FormatVerdict, Found

__all__ = ["file_name", "show_file"]

_MOST_KINDS = 30
_REASON = 160
_MEGABYTE = 1_000_000


def show_file(checked: CheckedFile, *, err: bool) -> None:
    """Everything about a file, for a person."""
    for line in _told(checked):
        click.echo(line, err=err)


def file_name(checked: CheckedFile) -> str:
    """What a person calls it."""
    return "standard input" if checked.file == "-" else checked.file


def _told(checked: CheckedFile) -> Iterator[str]:
    yield ""
    yield f"{file_name(checked)}: {_count(checked.examples, 'example')}, {_size(checked.bytes)}"
    if checked.fixed is not None:
        yield from _fixed(checked.fixed)
    for verdict in checked.formats:
        yield ""
        yield _verdict(verdict, checked)
        if verdict.found:
            yield f"  {'rule':<20} {'lines':>9}  {'first':<22} what it asks for"
        for found in verdict.found[:_MOST_KINDS]:
            yield from _kind(found, "red")
        if len(verdict.found) > _MOST_KINDS:
            yield f"  and {len(verdict.found) - _MOST_KINDS} more kinds; --json has them all"
    if checked.warnings:
        yield ""
        yield "worth a look, though nobody refuses it"
        for warning in checked.warnings:
            yield from _kind(warning, "yellow")


def _verdict(verdict: FormatVerdict, checked: CheckedFile) -> str:
    """The sentence above a format's table."""
    word = (
        click.style("accepted", fg="green")
        if verdict.accepted
        else click.style("refused", fg="red")
    )
    said = f"{word} by {verdict.format} ({verdict.title})"
    if checked.fixed is not None:
        if verdict.accepted and verdict.found:
            return f"{said}; left out, by the lines of {file_name(checked)}:"
        return said if verdict.accepted else f"{said}, by the lines of {file_name(checked)}:"
    if verdict.refused:
        said += f": {verdict.refused:,} of {_count(checked.lines, 'line')}"
    return f"{said}; --fix mends {verdict.mendable:,}" if verdict.mendable else said


def _kind(found: Found, colour: str) -> Iterator[str]:
    """One row of the table, an example below it, and what can be done."""
    rule = click.style(f"{found.rule:<20}", fg=colour)
    example = found.first[0]
    if not found.lines:
        yield f"  {rule} {'':>9}  {'the file':<22} {example.reason}"
    else:
        yield f"  {rule} {found.lines:>9,}  {_first(found):<22} {_says(found)}"
        if example.reason != found.says:
            at = f"{example.pointer}: " if example.pointer else ""
            yield f"{'':<10}line {example.line}: {at}{_short(example.reason)}"
    if found.rule != "schema":
        yield f"{'':<10}fix: {found.fix}"


def _says(found: Found) -> str:
    if found.rule != "schema":
        return found.says
    return f"{found.place or 'the line'}: {_short(found.says)}"


def _first(found: Found) -> str:
    """The first lines, by their numbers."""
    return _numbers(found.lines, [one.line for one in found.first if one.line is not None])


def _numbers(count: int, first: Sequence[int]) -> str:
    more = ["..."] if count > len(first) else []
    return ", ".join([*map(str, first), *more])


def _fixed(fixed: Fixed) -> Iterator[str]:
    written = f"{_count(fixed.lines, 'line')}, {_size(fixed.bytes)}"
    yield f"wrote {fixed.path}: {written}, {fixed.mended:,} of them mended"
    for mend in fixed.mends:
        count = f"{mend.lines:>9,}" if mend.lines else f"{'the file':>9}"
        where = _numbers(mend.lines, [line for line, _ in mend.first])
        yield f"  {mend.mend:<20} {count}  {where:<22} {mend.says}"
    if fixed.left:
        yield f"  {'as they were':<20} {fixed.left:>9,}  and refused still"
    if fixed.left_out:
        yield f"  {'left out':<20} {fixed.left_out:>9,}"


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def _size(size: int) -> str:
    return f"{size / _MEGABYTE:,.1f} MB" if size >= _MEGABYTE / 10 else f"{size:,} bytes"


def _short(text: str) -> str:
    return text if len(text) <= _REASON else f"{text[:_REASON]}..."
