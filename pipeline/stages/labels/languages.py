"""The table of languages: their codes, names and scripts, and which are not told apart.

What it holds is in `languages.toml`. Imports the phrases' reader.
"""

import re
from collections import Counter
from typing import Any

from pipeline.stages.labels.phrases import fold, load_table

__all__ = [
    "ASKS",
    "COMMON",
    "OPEN",
    "OWN",
    "code_of",
    "family_of",
    "name_of",
    "names_of",
    "scripts_of",
]

_TABLE = load_table("languages.toml")
_LANGUAGES: dict[str, Any] = _TABLE["languages"]
ASKS: dict[str, Any] = _TABLE["asks"]
"""How people ask for a language, by the language that they write."""
OPEN: tuple[str, ...] = tuple(map(fold, _TABLE["open"]))
"""Phrases of a prompt that leaves the language open."""
_CODE = re.compile(r"([a-z]{2,3})(?:[-_][a-z0-9]{2,8})*", re.IGNORECASE)
_IN_BRACKETS = re.compile(r"\s*\([^)]*\)")
_NAMES: dict[str, str] = {
    fold(name): code
    for code, about in (
        *((code, about["names"]) for code, about in _LANGUAGES.items()),
        *((code, names) for asks in ASKS.values() for code, names in asks["names"].items()),
    )
    for name in about
}


COMMON: dict[str, frozenset[str]] = {
    code: frozenset(words) for code, words in _TABLE["common"].items()
}
"""Frequent words of some languages."""
_COUNTS = Counter(word for words in COMMON.values() for word in words)
OWN: dict[str, frozenset[str]] = {
    code: frozenset(word for word in words if _COUNTS[word] == 1) for code, words in COMMON.items()
}
"""Those that are frequent in no other of these languages."""


def code_of(value: str) -> str | None:
    """The code of a language that is given by a code or a name; None where it is neither."""
    folded = fold(_IN_BRACKETS.sub("", value))
    if folded in _NAMES:
        return _NAMES[folded]
    match = _CODE.fullmatch(folded)
    if match is None:
        return None
    code = str(_TABLE["aliases"].get(match[1], match[1]))
    return code if code in _LANGUAGES else None


def names_of(code: str) -> list[str]:
    """All names of a language, as texts are compared."""
    return [name for name, named in _NAMES.items() if named == code]


def name_of(code: str) -> str:
    """Its English name, or the code where the table has none."""
    names: list[str] = ASKS["en"]["names"].get(code, [code])
    return names[0]


def scripts_of(code: str) -> tuple[str, ...]:
    """How it is written; empty where the table does not say."""
    return tuple(_LANGUAGES.get(code, {}).get("scripts", ()))


def family_of(code: str) -> frozenset[str]:
    """The language and all that are not told apart from it."""
    alike = (family for family in _TABLE["families"] if code in family)
    return frozenset((code,)).union(*alike)
