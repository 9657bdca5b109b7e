"""Tokens by what a text is written with, where no tokenizer is to be loaded.

A weight for each letter, word, number and mark, by script; found by non-negative least squares
against o200k_base on made-up words and sentences, documentation and code, and rounded. It is for
orders of magnitude: docs/tokens.md says how far off it is. Imports nothing of the package.
"""

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CharacterLengths"]

_BEYOND_ASCII = (
    (0xC2, "p"),  # signs of Latin-1
    (0xC3, "l"),  # Latin letters with marks, IPA
    (0xCE, "g"),  # Greek
    (0xD0, "c"),  # Cyrillic
    (0xD5, "h"),  # Armenian, Hebrew
    (0xD8, "a"),  # Arabic and its kin
    (0xE0, "i"),  # Indic scripts, Thai
    (0xE1, "v"),  # Vietnamese vowels, Georgian, Ethiopic, Khmer
    (0xE2, "s"),  # punctuation and symbols
    (0xE3, "k"),  # kana, and Han of extension A
    (0xE4, "z"),  # Han
    (0xEA, "x"),  # Hangul
    (0xEE, "s"),  # private use, presentation forms
    (0xF0, "e"),  # emoji and whatever else lies beyond the basic plane
)
"""First byte of a character in UTF-8, from here to the next row, and the class of its character."""
_TRAILING = bytes(range(0x80, 0xC0))


def _classes() -> bytes:
    """Of every byte its class: w, U letters, d digits, b blanks, n newlines, p marks, scripts."""
    table = bytearray(256)
    for byte in range(128):
        one = chr(byte)
        match one:
            case _ if one.islower():
                table[byte] = ord("w")
            case _ if one.isupper():
                table[byte] = ord("U")
            case _ if one.isdigit():
                table[byte] = ord("d")
            case "\n" | "\r":
                table[byte] = ord("n")
            case " " | "\t":
                table[byte] = ord("b")
            case _:
                table[byte] = ord("p")
    ends = [first for first, _ in _BEYOND_ASCII[1:]] + [256]
    for (first, name), end in zip(_BEYOND_ASCII, ends, strict=True):
        table[first:end] = name.encode() * (end - first)
    return bytes(table)


_CLASSES = _classes()
_WEIGHTS = {
    "w": 0.11, "U": 0.26, "d": 0.13, "p": 0.51, "n": 0.59,
    "l": 1.04, "g": 0.45, "c": 0.34, "h": 0.53, "a": 0.41, "i": 0.45, "v": 0.45,
    "s": 1.2, "k": 0.9, "z": 0.72, "x": 0.93, "e": 2.0,
    "bw": 0.63, "bU": 0.63, "nw": 0.63, "nU": 0.63, "pw": 0.36, "pU": 0.36, "dw": 0.46, "dU": 0.46,
    "wU": 1.59, "bd": 1.69, "pd": 1.69, "nd": 1.69, "wd": 1.69, "Ud": 1.69, "bb": 0.17,
}  # fmt: skip
"""Tokens of every character of a class, and of every place where one class meets another."""
_PARTS = tuple((part.encode(), weight) for part, weight in _WEIGHTS.items())


@dataclass(frozen=True, slots=True)
class CharacterLengths:
    """Estimates from the characters alone."""

    def count_texts(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text by itself, at least one where it is not empty."""
        return [_estimate(text) for text in texts]


def _estimate(text: str) -> int:
    if not text:
        return 0
    data = b"\n" + text.encode("utf-8", "surrogatepass")
    classes = data.translate(_CLASSES, _TRAILING)
    tokens = sum(classes.count(part) * weight for part, weight in _PARTS) - _WEIGHTS["n"]
    return max(1, round(tokens))
