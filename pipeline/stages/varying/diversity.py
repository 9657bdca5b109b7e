"""Whether texts say clearly different things, as the contents of a template's slot do.

Two texts that share much can still differ: what counts is how much each holds that the other
does not. Copies of one question with a word changed, and talks that only go on, differ little.
Imports `scripts`.
"""

from collections.abc import Callable, Iterable, Sequence

from pipeline.stages.varying.scripts import has_letters

__all__ = ["differ_clearly", "near_copies", "strangers_at_least", "voices_at_least"]

_SIZE = 5
_BEGINNING = 160
_END = 80
_NOVEL = 14
_PART = 0.75
_ALIKE = 0.2
_COPY = 0.6
_HALF = 0.5
_NEARLY_ALL = 0.95
_TRIED = 6


def voices_at_least(texts: Iterable[str], wanted: int) -> bool:
    """Whether so many of the texts can be found that each has something to say of its own."""
    return _found(texts, wanted, _unlike)


def strangers_at_least(texts: Iterable[str], wanted: int) -> bool:
    """Whether so many of the texts can be found that share less than half of what they say."""
    return _found(texts, wanted, _strange)


def differ_clearly(texts: Sequence[str]) -> bool:
    """Whether hardly anything of any of the texts stands in another; all have letters."""
    sets = [_grams(text) for text in texts]
    pairs = ((one, other) for at, one in enumerate(sets) for other in sets[:at])
    return all(map(has_letters, texts)) and all(
        len(one & other) <= _ALIKE * min(len(one), len(other)) for one, other in pairs
    )


def near_copies(texts: Sequence[str]) -> bool:
    """Whether nearly all share most of what they say with one of the first."""
    if any(2 * len(one) < len(texts[0]) or len(one) > 2 * len(texts[0]) for one in texts):
        return False
    few, all_of_them = texts[:_TRIED], texts[_TRIED:]
    known = [_all_grams(text) for text in few]
    likely = [first for first in known if sum(_copies(first, one) for one in known) * 2 > _TRIED]
    if not likely:
        return False
    sets = [*known, *map(_all_grams, all_of_them)]
    return any(
        sum(_copies(first, one) for one in sets) >= _NEARLY_ALL * len(sets) for first in likely
    )


def _copies(one: frozenset[str], other: frozenset[str]) -> bool:
    return 2 * len(one & other) >= len(one | other)


def _found(
    texts: Iterable[str], wanted: int, apart: Callable[[frozenset[str], frozenset[str]], bool]
) -> bool:
    chosen: list[tuple[str, frozenset[str]]] = []
    for text in texts:
        grams = _grams(text)
        if all(apart(grams, known) and not _goes_on(text, other) for other, known in chosen):
            chosen.append((text, grams))
            if len(chosen) >= wanted:
                return True
    return False


def _goes_on(one: str, other: str) -> bool:
    """Whether one is the beginning of the other, as talks are."""
    return one.startswith(other) or other.startswith(one)


def _unlike(one: frozenset[str], other: frozenset[str]) -> bool:
    """A list before what varies may make both alike: so it counts what only one of them has."""
    shared = len(one & other)
    novel = (
        len(grams) - shared >= min(_NOVEL, max(1, _PART * len(grams))) for grams in (one, other)
    )
    return all(novel) and shared < _COPY * (len(one) + len(other) - shared)


def _strange(one: frozenset[str], other: frozenset[str]) -> bool:
    return len(one & other) <= _HALF * min(len(one), len(other))


def _grams(text: str) -> frozenset[str]:
    if len(text) > _BEGINNING + _END:
        text = text[:_BEGINNING] + text[-_END:]
    return _all_grams(text)


def _all_grams(text: str) -> frozenset[str]:
    return frozenset(text[at : at + _SIZE] for at in range(max(1, len(text) - _SIZE + 1)))
