"""Lines of preferences, made in batches by the workers, or why a pair makes none."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from msgspec import Struct

from pipeline.build.preferring.pairs import Laid
from pipeline.digests import decode_record
from pipeline.formats import Unfit, get_format, write_line
from pipeline.records import ChatRecord, PreferenceRecord
from pipeline.stages.alike.shingles import I64

__all__ = ["Left", "LeftCode", "Made", "MakeLines", "prefer"]

LeftCode = Literal["left", "other_input", "same_pair", "format_refused"]
"""Why a pair makes no line: its preferred run is in no split; the other answer was given to
another input; the same two records made a line already; the format takes no such line."""


class Left(Struct, frozen=True):
    """A pair that makes no line."""

    code: LeftCode
    detail: str


class Made(Struct, frozen=True):
    """A pair's line, with its newline, and what was rewritten for it."""

    line: bytes
    rewritten: tuple[str, ...]


def prefer(chosen: ChatRecord, rejected: ChatRecord, inputs: str) -> PreferenceRecord | Left:
    """The preference of one answer to another.

    With `inputs` "equal" both must have been asked the very same; with "alike" the prompt is
    that of the preferred one.
    """
    same = (chosen.messages[:-1], chosen.tools) == (rejected.messages[:-1], rejected.tools)
    if inputs == "equal" and not same:
        return Left(
            "other_input", "the other answer was given to an input that is alike, not equal"
        )
    return PreferenceRecord(
        prompt=chosen.messages[:-1],
        chosen=chosen.messages[-1:],
        rejected=rejected.messages[-1:],
        tools=chosen.tools,
        parallel_tool_calls=chosen.parallel_tool_calls,
    )


@dataclass(frozen=True, slots=True)
class MakeLines:
    """Makes the lines of a batch of pairs."""

    format: str
    inputs: str

    def __call__(self, laid: Laid) -> list[Made | Left]:
        """One entry a pair; `laid` has its two sides one after the other."""
        data = _read(laid)
        return [self._make(decode_record(one), decode_record(other)) for one, other in data]

    def _make(self, chosen: ChatRecord, rejected: ChatRecord) -> Made | Left:
        preference = prefer(chosen, rejected, self.inputs)
        if isinstance(preference, Left):
            return preference
        form = get_format(self.format)
        written = write_line(form, preference)
        if isinstance(written, Unfit):
            return Left("format_refused", f"{form.name}: {written.reason}")
        line, rewrites = written
        for problem in form.check(line):
            where = problem.pointer or "/"
            return Left("format_refused", f"{form.name}: {where} {problem.reason}")
        return Made(line + b"\n", rewrites)


def _read(laid: Laid) -> Iterator[tuple[bytes, bytes]]:
    """The records of each pair."""
    files: dict[int, Any] = {}
    try:
        for part in np.unique(laid.part).tolist():
            files[part] = laid.path(part).open("rb")
        read = [
            _at(files[part], start, length)
            for part, start, length in zip(*map(_listed, _columns(laid)), strict=True)
        ]
    finally:
        for file in files.values():
            file.close()
    return iter(list(zip(read[::2], read[1::2], strict=True)))


def _columns(laid: Laid) -> tuple[I64, I64, I64]:
    return laid.part, laid.start, laid.length


def _listed(numbers: I64) -> list[int]:
    listed: list[int] = numbers.tolist()
    return listed


def _at(file: Any, start: int, length: int) -> bytes:
    file.seek(start)
    data: bytes = file.read(length)
    return data
