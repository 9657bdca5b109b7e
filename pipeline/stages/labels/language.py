"""The answer is in another language than the one it was asked for.

It is refused only when that is sure: a script that the language is not written in, or a text of
some length whose language is known and cannot be the one asked for, no part of it. Imports the
detector and the table of languages.
"""

import re

from pipeline.records import Rejected
from pipeline.stages.labels.asked import Asked, asked_language
from pipeline.stages.labels.detector import letters_by_script, likelihoods
from pipeline.stages.labels.label import Label, refuse
from pipeline.stages.labels.languages import COMMON, OWN, family_of, name_of, scripts_of
from pipeline.stages.labels.phrases import quote

__all__ = ["wrong_language"]

_LONGEST = 6000
"""Characters of an answer that are looked at."""
_GLANCE = 600
_COMMON_SHARE = 0.2
"""Of the words of a text, those that are frequent in its language."""
_FEWEST_OWN = 2
"""Different ones among them that no other language of the table has."""
_FEWEST_STRANGE = 10
"""Letters of a script that the language is not written in."""
_STRANGE_SHARE = 0.9
_FEWEST = 40
"""Letters of a text whose language is to be found."""
_FEWEST_DENSE = 15
"""The same where a letter is a syllable or a word."""
_DENSE = ("Han", "Kana", "Hangul")
_UNLIKELY = 0.001
"""How likely the language asked for may still be."""
_KNOWN = 0.5
"""How likely the best language must be."""
_PART_LETTERS = 12
_PART_LIKELY = 0.5
_MOST_PARTS = 16
_NO_PROSE = re.compile(
    r"```.*?(?:```|\Z)|`[^`\n]*`|https?://\S+|\S+@\S+|<[^<>\n]{1,200}>", re.DOTALL
)
_PARTS = re.compile(r"[\n.!?:;\"\u201c\u201d\u00ab\u00bb()\u3002\uff01\uff1f]+")
_NO_LANGUAGE = "zxx"


def wrong_language(label: Label) -> Rejected | None:
    """Whether a language was asked for and the answer is surely in another."""
    if not label.is_prose or len(label.text) < _FEWEST_STRANGE:
        return None
    asked = asked_language(label)
    if asked is None:
        return None
    if _is_plainly_in(label.text, asked.language):
        return None
    text = _NO_PROSE.sub(" ", label.text[:_LONGEST])
    letters = letters_by_script(text)
    found = _strange_script(asked, letters) or _other_language(asked, text, letters)
    if found is None or (asked.is_hint and _speaks(label.question(), label.text)):
        return None
    said = f"{name_of(asked.language)} was asked for ({asked.how}) and the answer is {found}"
    return refuse("wrong_language", f"{said}: {quote(label.text)}")


def _is_plainly_in(text: str, language: str) -> bool:
    """Whether frequent words show the language at once: a look that costs next to nothing."""
    common = COMMON.get(language)
    if common is None:
        return False
    words = text[:_GLANCE].lower().split()
    found = [word for word in words if word in common]
    if len(found) < _COMMON_SHARE * sum(map(str.isalpha, words)):
        return False
    return len(OWN[language].intersection(found)) >= _FEWEST_OWN


def _strange_script(asked: Asked, letters: dict[str, int]) -> str | None:
    """The script of nearly all letters, where the language has nothing to do with it."""
    own = scripts_of(asked.language)
    total = sum(letters.values())
    if not own or total < _FEWEST_STRANGE:
        return None
    strange = {one: count for one, count in letters.items() if one not in {*own, "Latin"}}
    if sum(strange.values()) < _STRANGE_SHARE * total:
        return None
    return f"written in {max(strange, key=lambda one: strange[one])} letters"


def _other_language(asked: Asked, text: str, letters: dict[str, int]) -> str | None:
    dense = any(script in letters for script in _DENSE)
    if sum(letters.values()) < (_FEWEST_DENSE if dense else _FEWEST):
        return None
    family = family_of(asked.language)
    likely = likelihoods(text)
    best = next(iter(likely))
    if best == _NO_LANGUAGE or likely[best] < _KNOWN or _sum(likely, family) >= _UNLIKELY:
        return None
    if _has_part_in(text, family):
        return None
    return f"in {name_of(best)}"


def _has_part_in(text: str, family: frozenset[str]) -> bool:
    """Whether some sentence may be in the language: a mixed answer is not judged."""
    parts = [part for part in _PARTS.split(text) if _letters(part) >= _PART_LETTERS]
    several = parts[:_MOST_PARTS] if len(parts) > 1 else []
    return any(_sum(likelihoods(part), family) >= _PART_LIKELY for part in several)


def _speaks(question: str, answer: str) -> bool:
    """Whether the answer is in the language of the question, or that is not known."""
    if _letters(question) < _FEWEST // 2:
        return True
    asked, said = likelihoods(question), likelihoods(answer)
    return next(iter(said)) in family_of(next(iter(asked))) or next(iter(asked.values())) < _KNOWN


def _letters(text: str) -> int:
    return sum(map(str.isalpha, text))


def _sum(likely: dict[str, float], family: frozenset[str]) -> float:
    return sum(likely.get(language, 0.0) for language in family)
