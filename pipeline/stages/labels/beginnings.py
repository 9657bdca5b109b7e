"""Finds by an answer's first letters which lists of phrases are worth a look.

Nearly all answers begin as none of the phrases does, so one look into a table spares them all the
regular expressions. Imports the phrases' reader.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

from msgspec import Struct

from pipeline.stages.labels.phrases import fold

__all__ = ["Beginnings"]

_HEAD = 40
_KEY = re.compile(r"\W*(\w{1,3})\w*\W*(\w?)")


class Beginnings(Struct, frozen=True):
    """Names of lists by the letters that their phrases begin with."""

    by_word: dict[str, tuple[str, ...]]
    """By the first three letters of the first word, and where a phrase has a second one, by a blank
    and the first letter of that."""
    by_letter: dict[str, tuple[str, ...]]
    """By the first letter: languages without spaces, where a word has no end."""
    anywhere: tuple[str, ...]
    """Lists with phrases that begin with a gap."""

    @classmethod
    def of(cls, lists: Iterable[tuple[str, bool, Iterable[str]]]) -> "Beginnings":
        """The table of these lists: name, whether words are spaced, and what texts begin with."""
        by_word: dict[str, list[str]] = {}
        by_letter: dict[str, list[str]] = {}
        anywhere: list[str] = []
        for name, spaced, beginnings in lists:
            keys = {_key(one) if spaced else _key(one)[:1] for one in beginnings}
            for key in keys - {""}:
                (by_word if spaced else by_letter).setdefault(key, []).append(name)
            if "" in keys:
                anywhere.append(name)
        return cls(_frozen(by_word), _frozen(by_letter), tuple(anywhere))

    def candidates(self, text: str) -> Iterator[str]:
        """Names of the lists that the text may begin with a phrase of, each once."""
        key = _key_of(text)
        if not key:
            return
        names = dict.fromkeys(self.by_word.get(key, ()))
        names |= dict.fromkeys(self.by_word.get(key.partition(" ")[0], ()))
        if not text.isascii():
            names |= dict.fromkeys(self.by_letter.get(key[0], ()))
            names |= dict.fromkeys(self.anywhere)
        yield from names


@lru_cache(maxsize=1)
def _key_of(text: str) -> str:
    """Several rules ask about the same answer, one after the other."""
    head = text[:_HEAD]
    return _key(head.lower() if head.isascii() else fold(head))


def _key(folded: str) -> str:
    match = _KEY.match(folded)
    if match is None:
        return ""
    return f"{match[1]} {match[2]}" if match[2] else match[1]


def _frozen(table: dict[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {key: tuple(names) for key, names in table.items()}
