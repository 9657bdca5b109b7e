"""The model refuses to answer, as in "I'm sorry, but I can't help with that".

Right answers say sorry too ("we cannot refund orders after 30 days"), so only a short text counts
whose very beginning is one of the phrases in `refusals.toml`. Imports the phrases' reader.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from pipeline.records import Rejected
from pipeline.stages.labels.beginnings import Beginnings
from pipeline.stages.labels.label import Label, refuse
from pipeline.stages.labels.phrases import CLAUSE_ENDS, WORD_ENDS, Grammar, fold, load_table, quote

__all__ = ["refusal"]

_LONGEST = 500
"""Characters; a longer answer gives something besides."""
_MOST_OPENINGS = 3
"""Before and after one that has a gap: two gaps in a row could be tried in too many ways."""
_BEFORE = r"[\s\"'(*_#>]*"
"""Signs that may stand before the first word."""
_BETWEEN = r"[\s.,;:!\u2026\u2013\u2014。、؛،-]"
_TABLE = load_table("refusals.toml")


def refusal(label: Label) -> Rejected | None:
    """Whether the answer begins as refusals do."""
    text = label.text
    if not label.is_prose or len(text) > _LONGEST:
        return None
    folded = ""
    for language in _BEGINNINGS.candidates(text):
        folded = folded or fold(text)
        if said := _find(folded, language):
            detail = f"the answer begins as a refusal does ({language}: {quote(said)})"
            return refuse("refusal", f"{detail}: {quote(text)}")
    return None


def _grammar(table: dict[str, Any]) -> Grammar:
    return Grammar.of(table.get("words", {}), spaced=table.get("spaced", True))


def _beginnings(table: dict[str, Any]) -> Iterator[str]:
    grammar = _grammar(table)
    for phrase in (*table["openings"], *table["refusals"]):
        yield from grammar.beginnings(phrase)


_BEGINNINGS = Beginnings.of(
    (language, table.get("spaced", True), _beginnings(table)) for language, table in _TABLE.items()
)


def _find(folded: str, language: str) -> str | None:
    """The refusal that the text begins with. Most texts lack a word that every refusal has."""
    needs = _TABLE[language].get("needs", ())
    if needs and not any(need in folded for need in needs):
        return None
    match = _pattern(language).match(folded)
    return match["said"] if match else None


@lru_cache(maxsize=64)
def _pattern(language: str) -> re.Pattern[str]:
    """How models refuse in one language; compiled when the first text may be one."""
    table: dict[str, Any] = _TABLE[language]
    grammar = _grammar(table)
    edge = WORD_ENDS if grammar.spaced else ""
    whole = [phrase for phrase in table["refusals"] if not phrase.endswith("...")]
    begun = [phrase[:-3].rstrip() for phrase in table["refusals"] if phrase.endswith("...")]
    stop = CLAUSE_ENDS
    if after := grammar.any_of(table.get("after", ())):
        stop = rf"(?:{stop}|(?:{after}){edge})"
    openings = _openings(table["openings"], grammar, edge)
    closed = rf"(?:{grammar.any_of(whole)}){edge}(?= ?{stop})"
    source = rf"{_BEFORE}{openings}(?P<said>{closed}|(?:{grammar.any_of(begun)}){edge})"
    return re.compile(source)


def _openings(phrases: list[str], grammar: Grammar, edge: str) -> str:
    """The source of what may stand before a refusal: sorry, thanks, "but"."""
    plain = grammar.any_of(phrase for phrase in phrases if "..." not in phrase)
    some = rf"(?:(?:{plain}){edge}{_BETWEEN}*){{0,{_MOST_OPENINGS}}}"
    gapped = grammar.any_of(phrase for phrase in phrases if "..." in phrase)
    return rf"{some}(?:(?:{gapped}){_BETWEEN}+{some})?" if gapped else some
