"""Rules of a whole file: how many examples, how many bytes, how it begins. Imports `format`."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from pipeline.formats.format import Format, Rule, Source
from pipeline.formats.judging.no_json import MARK
from pipeline.formats.schemas import Problem

__all__ = ["FILE_MENDS", "FILE_RULES", "FileFacts", "break_file_rules", "rule_of"]

FILE_RULES: Mapping[str, Rule] = {
    "blank-line": Rule(
        "Every line has an example",
        "leave blank lines out",
        why="a reader that decodes every line stops at a blank one",
    ),
    "line-bytes": Rule(
        "A line is short enough to be looked at",
        "split it; no provider's limits on images and tokens leave room for such a line",
        why="it is not read into memory, so nothing is known of it",
    ),
    "json-lines": Rule(
        "A file is JSON Lines: one object a line, nothing around them",
        "write one object a line",
        why="providers read a file line by line",
    ),
    "encoding": Rule(
        "A file is UTF-8", "write it again as UTF-8", why="JSON Lines is UTF-8 by definition"
    ),
    "byte-order-mark": Rule(
        "A file begins with its first line",
        "write it without a byte-order mark",
        why="a reader that decodes every line stops at a mark before the first one",
    ),
    "duplicate-line": Rule(
        "No line is there twice",
        "leave the second one out, if it is not meant to weigh more",
        why="a provider trains on both",
    ),
    "line-end": Rule(
        "A line ends with a line feed alone",
        "write it with line feeds; JSON allows the carriage return before one",
        why="some readers of text are not readers of JSON",
    ),
    "file-name": Rule(
        "A file's name ends as the provider asks", "rename it", why="uploads go by the name"
    ),
    "packed": Rule(
        "A file is uploaded unpacked",
        "unpack it before it is uploaded",
        why="providers read the lines as they come",
    ),
}
"""Rules that come from no provider's page, by name."""

FILE_MENDS: Mapping[str, str] = {
    "written_as_lines": "Values of a JSON array, or over several lines, are written one a line",
    "written_as_utf8": "UTF-16 is written as UTF-8",
    "mark_added": "The byte-order mark that the provider asks for comes first",
    "mark_dropped": "A byte-order mark goes",
    "line_ends_changed": "Lines end with a line feed alone",
    "blank_line_dropped": "Blank lines go",
}
"""Safe repairs of a file, and what each does."""


class FileFacts(Struct, frozen=True):
    """What is known of a file when it was read."""

    examples: int
    """Lines that are not blank."""
    bytes: int
    """Unpacked."""
    marked: bool
    """Whether it begins with a byte-order mark."""
    training: bool
    """Whether it is to be trained on; a validation file may have fewer examples."""


def break_file_rules(form: Format[Any], facts: FileFacts) -> Iterator[Problem]:
    """What the format has against the file as a whole."""
    limits = form.limits
    if form.file_prefix == MARK and not facts.marked:
        yield Problem("byte-order-mark", "", "does not begin with a byte-order mark")
    if form.file_prefix != MARK and facts.marked:
        yield Problem("byte-order-mark", "", "begins with a byte-order mark")
    least = max(1, limits.min_examples or 1) if facts.training else 1
    if facts.examples < least:
        yield Problem("examples", "", f"has {_examples(facts)}, at least {least:,} are needed")
    most = limits.max_examples
    if most is not None and facts.examples > most:
        yield Problem("examples", "", f"has {_examples(facts)}, at most {most:,} are taken")
    room = limits.max_file_bytes
    if room is not None and facts.bytes > room:
        yield Problem("file-bytes", "", f"has {facts.bytes:,} bytes, at most {room:,} are taken")


def rule_of(form: Format[Any], name: str) -> Rule:
    """The rule that a problem of a line or of a file names."""
    limits = form.limits
    match name:
        case "examples":
            says = f"A file has {_range(limits.min_examples or 1, limits.max_examples)} examples"
            page = _page(form, "min_examples", "max_examples")
            why = "" if page else "there is nothing to train on"
            return Rule(says, "add examples, or take some out", page, why)
        case "file-bytes":
            says = f"A file has {limits.max_file_bytes:,} bytes at most"
            return Rule(says, "take examples out", _page(form, "max_file_bytes"))
        case "byte-order-mark" if form.file_prefix == MARK:
            says = "A file begins with a byte-order mark"
            return Rule(says, "write it as UTF-8 with a byte-order mark", form.source)
        case _ if name in FILE_RULES and name not in form.rules:
            return FILE_RULES[name]
        case _:
            return form.rule(name)


def _examples(facts: FileFacts) -> str:
    return f"{facts.examples:,} example{'' if facts.examples == 1 else 's'}"


def _range(least: int, most: int | None) -> str:
    return f"at least {least:,}" if most is None else f"{least:,} to {most:,}"


def _page(form: Format[Any], *names: str) -> Source | None:
    found = (form.limits.sources.get(name) for name in names)
    return next((source for source in found if source), None)
