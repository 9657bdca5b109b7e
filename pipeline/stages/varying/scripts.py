"""How much a text says for its length, in any script.

Forty letters are seven English words, but forty Chinese characters are a paragraph. A `weight`
counts in letters of an alphabet with spaces: a Chinese, Japanese or Korean character counts for
two, a letter of a script that writes no spaces (Thai, Lao, Burmese, Khmer) for one and a quarter.
Imports nothing.
"""

import re
from collections.abc import Sequence

__all__ = [
    "STRETCH",
    "has_letters",
    "is_word",
    "shared_start",
    "weight",
    "whole_words",
    "window_for",
]

STRETCH = 40
"""A stretch that weighs less is a phrase of the language, not a template."""
_DENSE = 2.0
_UNSPACED = 1.25
_SHARE = 0.05
_EDGE = 24

_WIDE = re.compile(
    "[\u1100-\u11ff\u2e80-\u9fff\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\U00020000-\U0003ffff]"
)
_CLOSE = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u0f00-\u0fff]")
_LETTER = re.compile(r"[^\W\d_]")


def weight(text: str) -> float:
    """The text's length in letters of an alphabet."""
    if text.isascii():
        return len(text)
    return _weight(len(text), len(_WIDE.findall(text)), len(_CLOSE.findall(text)))


def window_for(texts: Sequence[str]) -> int:
    """How many characters a stretch needs at least, in the densest script that matters here."""
    strange = [text for text in texts if not text.isascii()]
    total = sum(map(len, texts)) * _SHARE
    if sum(len(_WIDE.findall(text)) for text in strange) > total:
        return round(STRETCH / _DENSE)
    if sum(len(_CLOSE.findall(text)) for text in strange) > total:
        return round(STRETCH / _UNSPACED)
    return STRETCH


def has_letters(text: str) -> bool:
    """Whether it says anything but figures and signs: two letters at least."""
    found = _LETTER.search(text)
    return found is not None and _LETTER.search(text, found.end()) is not None


def whole_words(text: str, start: int, end: int) -> str:
    """That span of the text, less the halves of words at its edges and white space."""
    if 0 < start < end and is_word(text[start - 1]) and is_word(text[start]):
        space = text.find(" ", start, min(end, start + _EDGE))
        start = space if space >= 0 else start
    if start < end < len(text) and is_word(text[end - 1]) and is_word(text[end]):
        space = text.rfind(" ", max(start, end - _EDGE), end)
        end = space if space >= 0 else end
    return text[start:end].strip()


def shared_start(one: str, other: str) -> int:
    """How many characters both begin with."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def is_word(character: str) -> bool:
    """Whether it is a letter or digit of a script that parts words by spaces."""
    return character.isalnum() and not (_WIDE.match(character) or _CLOSE.match(character))


def _weight(length: int, wide: int, close: int) -> float:
    return length + (_DENSE - 1) * wide + (_UNSPACED - 1) * close
