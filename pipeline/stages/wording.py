"""Which words differ between two texts, for people's eyes. Imports nothing of the package."""

import re
from difflib import SequenceMatcher
from typing import Literal

from msgspec import Struct

__all__ = ["Piece", "differing_words"]

_WORD = re.compile(r"\S+")
_AROUND = 8
"""Equal words that are shown on each side of a difference."""
_MOST = 4000
"""Words of each text that are compared; more takes too long."""


class Piece(Struct, frozen=True):
    """A stretch of words."""

    kind: Literal["same", "left", "right", "left_out"]
    """In both texts, in the first alone, in the second alone; or words that are not shown."""
    text: str


def differing_words(left: str, right: str) -> tuple[Piece, ...]:
    """The words of both, long equal stretches left out."""
    one, other = _WORD.findall(left), _WORD.findall(right)
    begin = _equal_at_begin(one, other)
    end = _equal_at_begin(one[begin:][::-1], other[begin:][::-1])
    inner, inner_other = one[begin : len(one) - end], other[begin : len(other) - end]
    pieces = [
        *_same(one[:begin], first=True, last=not (inner or inner_other or end)),
        *_differences(inner, inner_other),
        *_same(one[len(one) - end :], first=False, last=True),
    ]
    return tuple(pieces)


def _equal_at_begin(one: list[str], other: list[str]) -> int:
    count = 0
    for word, match in zip(one, other, strict=False):
        if word != match:
            break
        count += 1
    return count


def _differences(one: list[str], other: list[str]) -> list[Piece]:
    matcher = SequenceMatcher(None, one[:_MOST], other[:_MOST], autojunk=False)
    pieces: list[Piece] = []
    for kind, start, stop, begin, end in matcher.get_opcodes():
        if kind == "equal":
            pieces += _same(one[start:stop], first=False, last=False)
            continue
        pieces += [Piece("left", " ".join(one[start:stop]))] if stop > start else []
        pieces += [Piece("right", " ".join(other[begin:end]))] if end > begin else []
    rest = max(len(one), len(other)) - _MOST
    return [*pieces, Piece("left_out", f"{rest:,} words more")] if rest > 0 else pieces


def _same(words: list[str], *, first: bool, last: bool) -> list[Piece]:
    """Equal words; of many only those next to a difference, or the first if all are equal."""
    before = _AROUND if last or not first else 0
    after = 0 if last else _AROUND
    if len(words) <= before + after + _AROUND:
        return [Piece("same", " ".join(words))] if words else []
    shown = [
        Piece("same", " ".join(words[:before])),
        Piece("left_out", f"{len(words) - before - after:,} words"),
        Piece("same", " ".join(words[len(words) - after :] if after else [])),
    ]
    return [piece for piece in shown if piece.text]
