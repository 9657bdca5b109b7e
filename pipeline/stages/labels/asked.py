"""Which language an answer was asked for: by a parameter, or in words that the model was told.

Only what is clear counts. The system message, the last turn and the parameters may ask. Two
languages, a condition ("if the customer writes in German"), a turn of the user's that names another
language, "in the language of the question": all of these ask for none that could be checked.
Imports the table of languages and api's `Run`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from pipeline.api.runs import Run
from pipeline.records import ChatRecord
from pipeline.stages.labels.label import Label, ends_of, text_of_prompt
from pipeline.stages.labels.languages import ASKS, OPEN, code_of, family_of, names_of
from pipeline.stages.labels.phrases import CLAUSE_ENDS, WORD_BEGINS, WORD_ENDS, Grammar, fold, quote

__all__ = ["Asked", "asked_language"]

_STRONG = frozenset(
    f"{use}{word}"
    for use in ("target", "output", "answer", "response", "reply", "result")
    for word in ("language", "lang", "locale")
)
_WEAK = frozenset({"language", "lang", "locale"})
_CLAUSE_BEGINS = r"(?:\A|[\n.!?:;,•*\-\u2013\u2014>\"'(\[|#。、])[ \"'*]{0,4}"
_SENTENCE_ENDS = ".!?\n。"
_TO_BLANKS = {ord(sign): " " for sign in "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~\n\t"}
_HAN_KANA_HANGUL = re.compile("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]")
_LABELLED = (
    r"(?:lang\w*|locale|sprache|langue|idioma|lingua|l\u00edngua|taal)[\"'*]?\s?[:=]\s?[\"'*]?"
)


class Asked(Struct, frozen=True):
    """A language that an answer was asked for."""

    language: str
    """Its code."""
    how: str
    """Where it was asked for, for a sentence that a person reads."""
    is_hint: bool = False
    """Only a parameter like `language` says it, and the prompt shows nothing of that."""


def asked_language(label: Label) -> Asked | None:
    """The one language that was clearly asked for."""
    first = label.record.messages[0]
    told = _told_before(text_of_prompt(first)) if first.role == "system" else ()
    last = _told(label.question())
    parameter = _by_parameter(label)
    found = [*told, *last, *([parameter] if parameter else [])]
    if not found:
        return None
    named = {asked.language for asked in found}
    for turn in _turns(label.record, and_the_last=not last):
        named |= _named_in(turn)
    if not named <= family_of(found[0].language):
        return None
    return None if any(map(_is_open, label.prompts())) else found[0]


def _turns(record: ChatRecord, *, and_the_last: bool) -> list[str]:
    """The user's turns, those before the last one at least."""
    turns = [text_of_prompt(one) for one in record.messages[:-1] if one.role == "user"]
    return turns if and_the_last else turns[:-1]


def _named_in(text: str) -> set[str]:
    """All languages that a text names in whatever way."""
    words = ends_of(text)
    folded = fold(words)
    return {
        code
        for language in _mentioned_in(words)
        for name, code in _names_by_code(language)
        if name in folded
    }


def _by_parameter(label: Label) -> Asked | None:
    """A parameter that is named for it; `target_language` goes before `language`."""
    named = _named_parameters(label.run)
    for keys in (_STRONG, _WEAK):
        for key, value in named.items():
            code = code_of(value) if _plain(key) in keys else None
            if code:
                hint = keys is _WEAK and not _shows(label, code, value)
                return Asked(code, f"parameters.{key} is {quote(value)}", hint)
    return None


def _named_parameters(run: Run) -> dict[str, str]:
    data = b"" if run.parameters is UNSET else bytes(run.parameters)
    if b"ang" not in data and b"ocale" not in data and b"LANG" not in data:
        return {}
    value: Any = msgspec.json.decode(data)
    if not isinstance(value, dict):
        return {}
    return {key: said for key, said in value.items() if isinstance(said, str)}


def _plain(key: str) -> str:
    return key.lower().replace("_", "").replace("-", "")


def _shows(label: Label, code: str, value: str) -> bool:
    """Whether the prompt names the language, or labels its code: "language: de"."""
    names = "|".join(map(re.escape, names_of(code)))
    labelled = f"{_LABELLED}{re.escape(fold(value))}"
    pattern = re.compile(f"{WORD_BEGINS}(?:{names}|{labelled}){WORD_ENDS}")
    return any(pattern.search(fold(prompt)) for prompt in label.prompts())


def _is_open(prompt: str) -> bool:
    folded = fold(prompt)
    return any(phrase in folded for phrase in OPEN)


class _Ways(Struct, frozen=True):
    """How somebody who writes one language asks for languages."""

    pattern: re.Pattern[str]
    unsure: re.Pattern[str]
    codes: dict[str, str]

    def find(self, folded: str) -> Iterator[Asked]:
        """All that the text asks for, those left out whose sentence says something else too."""
        for match in self.pattern.finditer(folded):
            at = match.start(match.lastindex or 0)
            if not self.unsure.search(_sentence(folded, at)):
                said = match.group().lstrip(" \n.!?:;,*-\"'(")
                code = self.codes[_spaced(match[match.lastindex or 0])]
                yield Asked(code, f"the prompt says {quote(said)}")


def _told(text: str) -> tuple[Asked, ...]:
    """The languages that a text asks for."""
    words = ends_of(text)
    languages = _mentioned_in(words)
    if not languages:
        return ()
    folded = fold(words)
    return tuple(asked for language in languages for asked in _ways(language).find(folded))


_told_before = lru_cache(maxsize=1024)(_told)
"""System messages are few, and long."""


def _mentioned_in(text: str) -> set[str]:
    """The languages in whose words a text names any language at all."""
    lowered = text.lower()
    if text.isascii():
        words = lowered.translate(_TO_BLANKS).split()
        return set() if _NAMES.isdisjoint(words) else _of_words(words)
    words = lowered.replace("\u0307", "").translate(_TO_BLANKS).split()
    found = set() if _NAMES.isdisjoint(words) else _of_words(words)
    if _HAN_KANA_HANGUL.search(text):
        found.update(
            language
            for language, names in _UNSPACED_NAMES.items()
            if any(name in text for name in names)
        )
    return found


def _of_words(words: list[str]) -> set[str]:
    return {language for word in words for language in _LANGUAGES_OF.get(word, ())}


def _sentence(folded: str, at: int) -> str:
    start = max(folded.rfind(sign, 0, at) for sign in _SENTENCE_ENDS) + 1
    ends = (found for sign in f"{_SENTENCE_ENDS}:" if (found := folded.find(sign, at)) >= 0)
    return folded[start : min(ends, default=len(folded))]


def _spaced(name: str) -> str:
    return " ".join(re.split(r"[ ,\-\u2013\u2014]+", name))


def _names_by_code(language: str) -> Iterator[tuple[str, str]]:
    for code, names in ASKS[language]["names"].items():
        for name in names:
            yield fold(name), code


def _languages_of() -> dict[str, set[str]]:
    """By the last word of every name, the languages that call some language so."""
    table: dict[str, set[str]] = {}
    for language, asks in ASKS.items():
        if asks.get("spaced", True):
            for name, _ in _names_by_code(language):
                last = name.split("'")[0].translate(_TO_BLANKS).split()[-1]
                table.setdefault(last, set()).add(language)
    return table


_LANGUAGES_OF = _languages_of()
_NAMES = frozenset(_LANGUAGES_OF)
_UNSPACED_NAMES = {
    language: tuple(name for name, _ in _names_by_code(language))
    for language, asks in ASKS.items()
    if not asks.get("spaced", True)
}


@lru_cache(maxsize=64)
def _ways(language: str) -> _Ways:
    asks: dict[str, Any] = ASKS[language]
    spaced = asks.get("spaced", True)
    codes = dict(_names_by_code(language))
    names = sorted(codes, key=len, reverse=True)
    grammar = Grammar.of({**asks.get("words", {}), "name": names}, spaced=spaced).capturing("name")
    edge = WORD_ENDS if spaced else ""
    stop = ""
    if spaced:
        after = grammar.any_of(asks.get("after", ()))
        stop = rf"(?= ?(?:{CLAUSE_ENDS}{f'|(?:{after}){edge}' if after else ''}))"
    begin = grammar.any_of(asks.get("begin", ()))
    lead = rf"(?:(?:{begin})[ ,]+){{0,4}}" if begin else ""
    source = rf"{_CLAUSE_BEGINS}{lead}(?:{grammar.any_of(asks['phrases'])}){edge}{stop}"
    return _Ways(
        re.compile(source),
        _unsure(asks.get("unsure", ()), spaced=spaced),
        {_spaced(name): code for name, code in codes.items()},
    )


def _unsure(words: list[str], *, spaced: bool) -> re.Pattern[str]:
    either = "|".join(re.escape(fold(word)) for word in words)
    return re.compile(f"{WORD_BEGINS}(?:{either}){WORD_ENDS}" if spaced else f"(?:{either})")
