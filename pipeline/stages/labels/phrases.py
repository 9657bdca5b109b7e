"""Phrases of people's languages, kept as data beside the code, and how a text is read for them.

A phrase is plain words with four signs, so that a list of phrases can be read and mended by
somebody who speaks the language and knows nothing of regular expressions:

    {a|b}   one of these; {name} is a list of that name
    [a|b]   none, or up to three of these
    ...     up to 60 characters of the same sentence
    a b     words with a space, a comma or a dash between them

Imports nothing of the package.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from typing import Any

from msgspec import Struct

__all__ = ["CLAUSE_ENDS", "WORD_BEGINS", "WORD_ENDS", "Grammar", "fold", "load_table", "quote"]

_LONGEST_QUOTE = 80
_SAME_SIGNS = (
    dict.fromkeys(map(ord, "\u2018\u2019\u02bc\u02bb\u0060\u00b4\u2032"), "'")
    | dict.fromkeys(map(ord, "\u201c\u201d\u201e\u00ab\u00bb"), '"')
    | dict.fromkeys(map(ord, "\u2010\u2011"), "-")
    | dict.fromkeys([0x0307, 0x0640, *range(0x064B, 0x0653), *range(0x0591, 0x05C8)], "")
)
"""Kinds of quotation marks and hyphens are one; the dot that casefolding leaves beside a Turkish i,
and vowel signs that Arabic and Hebrew may leave out, are none."""
_BLANKS = re.compile(r"[^\S\n]+")
_BREAKS = re.compile(r"\s*\n\s*")
_BETWEEN = r"[ ,،،、\u2013\u2014-]{1,3}"
_BETWEEN_UNSPACED = r"[ ,、]{0,3}"
_GAP = r"[^.!?。।\n]{0,60}?"
_MOST_FILLERS = 3
_BRACES = re.compile(r"\{([^{}|]*)\}")
_LEAD = re.compile(r"\{[^{}|]*\}(?= )")
_ENOUGH = re.compile(r"\W*\w+\W+\w")
_ENOUGH_UNSPACED = re.compile(r"\W*\w")
_SIGNS = r"\w\u0900-\u0963\u0966-\u0dff\u0300-\u036f"
"""What words are made of: letters, and the vowel signs that are none to a regular expression."""
WORD_BEGINS = rf"(?<![{_SIGNS}])"
WORD_ENDS = rf"(?![{_SIGNS}])"
CLAUSE_ENDS = r"(?:\Z|[\n\-.,;:!?\u2026)\]\"'\u2013\u2014。、।؟،؛])"
"""What ends a clause: a mark, a line's end, the text's end."""


def load_table(name: str) -> dict[str, Any]:
    """The TOML file of that name beside this module."""
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    return tomllib.loads(text)


def fold(text: str) -> str:
    """The text as phrases are compared: NFKC, casefolded, signs of one kind, single blanks."""
    if text.isascii():
        folded = text.lower()
    else:
        folded = unicodedata.normalize("NFKC", text).casefold().translate(_SAME_SIGNS)
    return _BREAKS.sub("\n", _BLANKS.sub(" ", folded)).strip()


def quote(text: str) -> str:
    """The beginning of a text, in quotation marks, for a sentence that a person reads."""
    line = " ".join(text.split())
    shown = line if len(line) <= _LONGEST_QUOTE else f"{line[: _LONGEST_QUOTE - 3]}..."
    return f'"{shown}"'


class Grammar(Struct, frozen=True):
    """Turns the phrases of one language into the source of a regular expression."""

    lists: Mapping[str, tuple[str, ...]]
    """The named lists of phrases."""
    words: Mapping[str, str]
    """The sources of those lists."""
    spaced: bool
    """Whether the language sets spaces between its words."""

    @classmethod
    def of(cls, words: Mapping[str, Iterable[str]], *, spaced: bool = True) -> "Grammar":
        """A grammar with these named lists; a list may name the others."""
        lists = {fold(name): tuple(map(_prepare, phrases)) for name, phrases in words.items()}
        made: dict[str, str] = {}
        while len(made) < len(lists):
            ready = [
                name
                for name, phrases in lists.items()
                if name not in made and not _names(phrases) & (lists.keys() - made.keys())
            ]
            if not ready:
                raise ValueError(f"lists that name one another in a circle: {sorted(lists)}")
            for name in ready:
                made[name] = cls(lists, dict(made), spaced).any_of(lists[name])
        return cls(lists, made, spaced)

    def capturing(self, name: str) -> "Grammar":
        """The same grammar, in which what a named list matches is a group."""
        return Grammar(self.lists, {**self.words, name: f"({self.words[name]})"}, self.spaced)

    def any_of(self, phrases: Iterable[str]) -> str:
        """The source that matches any of the phrases; what several begin with is said once."""
        rests: dict[str, list[str]] = {}
        for phrase in map(_prepare, phrases):
            lead, rest = _lead(phrase)
            rests.setdefault(lead, []).append(rest)
        return "|".join(
            f"{self._sequence(lead)}(?:{'|'.join(map(self._sequence, those))})"
            if lead
            else "|".join(map(self._sequence, those))
            for lead, those in rests.items()
        )

    def source(self, phrase: str) -> str:
        """The source that matches one phrase."""
        return self._sequence(_prepare(phrase))

    def beginnings(self, phrase: str) -> Iterator[str]:
        """How texts may begin that the phrase matches, up to the first letter of the second word.

        Less where a gap or the phrase's end comes before; without spaces, the first letter.
        """
        return self._expand(_prepare(phrase), "")

    def _expand(self, phrase: str, said: str) -> Iterator[str]:
        enough = _ENOUGH if self.spaced else _ENOUGH_UNSPACED
        if not phrase or phrase.startswith("...") or enough.match(said):
            yield said
            return
        if phrase[0] not in "{[":
            yield from self._expand(phrase[1:], said + phrase[0])
            return
        end = _closing(phrase, 0)
        rest = phrase[end + 1 :]
        inner = _split(phrase[1:end])
        if len(inner) == 1 and phrase[0] == "{":
            inner = list(self.lists.get(inner[0], inner))
        if phrase[0] == "[":
            yield from self._expand(rest, said)
        for one in inner:
            yield from self._expand(one + rest, said)

    def _sequence(self, phrase: str) -> str:
        source, at = "", 0
        while at < len(phrase):
            sign = phrase[at]
            if sign in "{[":
                end = _closing(phrase, at)
                inner = _split(phrase[at + 1 : end])
                at = end + 1
                if sign == "[" or "" in inner:
                    source, at = self._fillers(source, inner, phrase, at)
                else:
                    source += f"(?:{self._alternatives(inner)})"
            elif phrase.startswith("...", at):
                source, at = self._gap(source, phrase, at + 3)
            else:
                source += self._between if sign == " " else re.escape(sign)
                at += 1
        return source

    @property
    def _between(self) -> str:
        return _BETWEEN if self.spaced else _BETWEEN_UNSPACED

    def _fillers(self, source: str, inner: list[str], phrase: str, at: int) -> tuple[str, int]:
        """Adds words that may be left out, each with the space before it; at a beginning, after."""
        words = self._alternatives([word for word in inner if word])
        if source.endswith(self._between):
            source = source.removesuffix(self._between)
            return f"{source}(?:{self._between}(?:{words})){{0,{_MOST_FILLERS}}}", at
        if source and not source.endswith((_GAP, WORD_BEGINS)):
            return f"{source}(?:{words}){{0,{_MOST_FILLERS}}}", at
        if at < len(phrase) and phrase[at] == " ":
            return f"{source}(?:(?:{words}){self._between}){{0,{_MOST_FILLERS}}}", at + 1
        return f"{source}(?:{words}){{0,{_MOST_FILLERS}}}", at

    def _alternatives(self, inner: list[str]) -> str:
        if len(inner) == 1 and inner[0] in self.words:
            return self.words[inner[0]]
        return "|".join(self._sequence(one) for one in inner)

    def _gap(self, source: str, phrase: str, at: int) -> tuple[str, int]:
        """A gap takes the spaces beside it, and begins and ends between words."""
        begins, ends = (WORD_BEGINS, WORD_ENDS) if self.spaced else ("", "")
        source = source.removesuffix(self._between) + (ends if source else "") + _GAP
        if at < len(phrase) and phrase[at] == " ":
            at += 1
        return source + begins if at < len(phrase) else source, at


def _prepare(phrase: str) -> str:
    """The phrase as texts are compared; the three dots of a gap stay three."""
    return fold(phrase.replace("...", "\0")).replace("\0", "...")


def _lead(phrase: str) -> tuple[str, str]:
    """The named list that a phrase begins with, if it goes on after that, and how it goes on."""
    match = _LEAD.match(phrase)
    return (match[0], phrase[match.end() :]) if match else ("", phrase)


def _names(phrases: Iterable[str]) -> set[str]:
    """All that stands in braces by itself: names of lists, and single words."""
    return {name for phrase in phrases for name in _BRACES.findall(phrase)}


def _closing(phrase: str, at: int) -> int:
    """Where the bracket that opens at `at` closes."""
    depth = 0
    for end in range(at, len(phrase)):
        depth += (phrase[end] in "{[") - (phrase[end] in "}]")
        if depth == 0:
            return end
    raise ValueError(f"a bracket stays open in {phrase!r}")


def _split(inner: str) -> list[str]:
    """What stands between the bars, those inside other brackets left alone."""
    parts, depth = [""], 0
    for sign in inner:
        depth += (sign in "{[") - (sign in "}]")
        if sign == "|" and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts
