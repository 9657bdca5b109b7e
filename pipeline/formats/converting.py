"""Make the line of one format from the line of another, and tell what could not be carried.

Imports `records` and the files of this room.
"""

from typing import Any, Literal

import msgspec
from msgspec import Struct

from pipeline.errors import UsageError
from pipeline.formats.fitting.fit import Unfit, write_line
from pipeline.formats.format import Format, Problem
from pipeline.formats.unread import reads_all
from pipeline.records import ChatRecord, PreferenceRecord, Record

__all__ = ["Converted", "NotConverted", "convert_line", "require_convertible"]

_OTHER_ANSWER = "other_answer_dropped"


class Converted(Struct, frozen=True):
    """A line in the other format."""

    line: bytes
    """Without a newline."""
    rewrites: tuple[str, ...]
    """What had to be rewritten: those of `carries.Rewrite`, `other_answer_dropped` where a
    preference became a conversation, and `NAME_dropped` for a field that no record has."""


class NotConverted(Struct, frozen=True):
    """Why there is none."""

    code: Literal["broken", "no_place", "refused"]
    """The line breaks its own format's rules; something in it has no place in the other format;
    the other format's rules refuse what would be made of it."""
    rule: str
    """The rule that is broken; for `no_place` the reason itself."""
    pointer: str
    reason: str


def require_convertible(source: Format[Any], target: Format[Any]) -> None:
    """Raise `UsageError` where no line of the one can become a line of the other."""
    if source.kind == "chat" and target.kind == "preference":
        raise UsageError(
            f"{target.name} needs two answers to one input, a {source.name} line has one; build it "
            "from runs instead: trainset build --format " + target.name
        )


def convert_line(line: bytes, source: Format[Any], target: Format[Any]) -> Converted | NotConverted:
    """The line of `target` that says what the line of `source` says."""
    for problem in source.check(line):
        return _not("broken", problem)
    record: Record = source.decode(line)
    dropped: tuple[str, ...] = ()
    if source.unread is not reads_all:
        names = source.unread(msgspec.json.decode(line))
        dropped = tuple(f"{name}_dropped" for name in dict.fromkeys(names))
    if isinstance(record, PreferenceRecord) and target.kind == "chat":
        record, dropped = _preferred(record), (*dropped, _OTHER_ANSWER)
    written = write_line(target, record)
    if isinstance(written, Unfit):
        return NotConverted("no_place", written.reason, "", f"{target.name} {written.reason}")
    made, rewrites = written
    for problem in target.check(made):
        return _not("refused", problem)
    return Converted(made, (*rewrites, *dropped))


def _preferred(record: PreferenceRecord) -> ChatRecord:
    return ChatRecord(
        (*record.prompt, *record.chosen),
        record.tools,
        parallel_tool_calls=record.parallel_tool_calls,
        weight=record.weight,
    )


def _not(code: Literal["broken", "refused"], problem: Problem) -> NotConverted:
    return NotConverted(code, problem.rule, problem.pointer, problem.reason)
