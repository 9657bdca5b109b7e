"""Whether texts say clearly different things, as the contents of a template's slot do.

Two texts that share much can still differ: what counts is how much each holds that the other
does not. Copies of one question with a word changed, and talks that only go on, differ little.
Imports `scripts`.
"""

from collections.abc import Iterable, Sequence

from pipeline.stages.scripts import has_letters

__all__ = ["differ_clearly", "voices_at_least"]

_SIZE = 5
_READ = 400
_NOVEL = 14
_PART = 0.6
_ALIKE = 0.2


def voices_at_least(texts: Iterable[str], wanted: int) -> bool:
    """Whether so many of the texts can be found of which no two are alike."""
    chosen: list[frozenset[str]] = []
    for text in texts:
        grams = _grams(text)
        if all(_unlike(grams, other) for other in chosen):
            chosen.append(grams)
            if len(chosen) >= wanted:
                return True
    return False


def differ_clearly(texts: Sequence[str]) -> bool:
    """Whether hardly anything of any of the texts stands in another; all have letters."""
    sets = [_grams(text) for text in texts]
    pairs = ((one, other) for at, one in enumerate(sets) for other in sets[:at])
    return all(map(has_letters, texts)) and all(
        len(one & other) <= _ALIKE * min(len(one), len(other)) for one, other in pairs
    )


def _unlike(one: frozenset[str], other: frozenset[str]) -> bool:
    shared = len(one & other)
    return all(
        len(grams) - shared >= min(_NOVEL, max(1, _PART * len(grams))) for grams in (one, other)
    )


def _grams(text: str) -> frozenset[str]:
    text = text[:_READ]
    return frozenset(text[at : at + _SIZE] for at in range(max(1, len(text) - _SIZE + 1)))
