"""The long stretches of a group's texts that are template, and not what the texts are about.

A stretch that several runs share is template if what stands around it varies as the contents of
a slot do: at one place, in nearly all of the runs that hold it, by clearly different words. A
question that many users ask has small changes here and there around it, a talk that goes on has
itself before it: neither is one. Imports this room's `families`, `diversity` and `scripts`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from os.path import commonprefix

from pipeline.stages.diversity import differ_clearly, strangers_at_least, voices_at_least
from pipeline.stages.families import BARRIER, Families, find_families
from pipeline.stages.scripts import STRETCH, has_letters, weight, whole_words, window_for

__all__ = ["Shown", "least_support", "shared_stretches"]

_FEW = 3
_SMALL = 7
_HANDFUL = 4
_NEARLY_ALL = 0.9
_HALF = 0.5
_TENTH = 0.1
_FILLED = 0.8
_LOOKED_AT = 8
_MOST_OF_THEM = 6
_SAID = 0.7
_WORDS = 12
_SENTENCE = 24
_SLIGHT = 8
_SURE = 80
_LONG = 150
_ALIKE = 0.8
_COVER = 0.4
_QUARTER = 4
_KEY = 12


@dataclass(frozen=True, slots=True)
class Shown:
    """One run as it is learned from."""

    text: str
    """Its input, with barriers where no stretch may reach across."""
    answer: str


def least_support(runs: int) -> int:
    """How many of a group's runs have to hold what is taken for template."""
    if runs <= _SMALL:
        return 2 if runs <= _FEW else 3
    return _HANDFUL


def shared_stretches(shown: Sequence[Shown]) -> tuple[str, ...]:
    """The template stretches of these runs (no two the same), the longest first.

    The order of the runs decides only between stretches that cover the same words.
    """
    least = least_support(len(shown))
    if len(shown) < least:
        return ()
    texts = [one.text for one in shown]
    window = window_for(texts)
    families = find_families(texts, window, least)
    numbers = range(len(families.holders))
    judge = _Judge(shown, families, [families.above(family) for family in numbers])
    own = {f: stretches for f in numbers if (stretches := judge.own_stretches(f, window))}
    versions = judge.versions(frozenset(own))
    accepted = {family for family in own if judge.is_template(family, versions)}
    taken = {above for family in accepted for above in judge.above[family]}
    found = {stretch for family in taken for stretch in own.get(family, ())}
    sure = (one for one in found if sum(one in text for text in texts) >= least)
    return tuple(sorted(sure, key=lambda one: (-len(one), one)))


@dataclass(frozen=True, slots=True)
class _Slots:
    """What stands between the stretches of one family in the texts that hold it."""

    contents: list[list[str]]
    """For each place (told by the words before it) what each text has there."""
    covered: list[float]
    """For each text the weight of its stretches."""
    left: list[float]
    """For each text the weight of everything else."""


@dataclass(frozen=True, slots=True)
class _Judge:
    shown: Sequence[Shown]
    families: Families
    above: list[frozenset[int]]

    def own_stretches(self, family: int, window: int) -> list[str]:
        """Its stretches where no more widely shared one stands, as its first text has them."""
        text = _texts_of(self.families.holders[family])[0]
        words = self.shown[text].text
        covers = self._covers(text, self.above[family] - {family})
        spans = self._covers(text, frozenset({family}))
        free = (part for span in spans for part in _outside(span, covers))
        pieces = [whole_words(words, *part) for part in free if part[1] - part[0] >= window]
        return [piece for piece in pieces if weight(piece) >= STRETCH]

    def versions(self, families: frozenset[int]) -> frozenset[int]:
        """Families that part the texts of another (or all texts) among them, as versions do."""
        found: set[int] = set()
        everything = (1 << len(self.shown)) - 1
        for whole in (everything, *(self.families.holders[family] for family in families)):
            parts = {
                family
                for family in families
                if (held := self.families.holders[family]) & whole == held != whole
                and held.bit_count() >= _TENTH * whole.bit_count()
            }
            sizes = [self.families.holders[part].bit_count() for part in parts]
            union = reduce(or_, (self.families.holders[part] for part in parts), 0)
            if union.bit_count() >= _NEARLY_ALL * max(whole.bit_count(), sum(sizes)):
                found |= parts
        return frozenset(found)

    def is_template(self, family: int, versions: frozenset[int]) -> bool:
        """Whether it frames what varies."""
        holders = _texts_of(self.families.holders[family])
        slots = self._slots(family, holders)
        if len(holders) <= _FEW:
            return self._surely(holders, slots)
        minor = len(holders) < _HALF * len(self.shown) and family not in versions
        if minor and not self._stands_out(family, holders):
            return False
        wanted = _HANDFUL if len(holders) > _SMALL else _FEW
        if any(_speaks(contents, slots, wanted) for contents in slots.contents):
            return True
        frame = min(slots.covered)
        if len(holders) < _NEARLY_ALL * len(self.shown) and frame < _LONG:
            return False
        return self._fills(holders, slots, wanted)

    def _stands_out(self, family: int, holders: Sequence[int]) -> bool:
        """Whether a minor part's stretch is not short, and at an edge or much of the text."""
        anchored = 0
        shares: list[float] = []
        for text in holders:
            words = self.shown[text].text
            covers = self._covers(text, self.above[family] - {family})
            spans = self._covers(text, frozenset({family}))
            free = [part for span in spans for part in _outside(span, covers)]
            own = sum(weight(words[start:end]) for start, end in free)
            if own < _SURE:
                return False
            whole = self._covers(text, self.above[family])
            rims = [cover for cover in whole if _at_an_edge(words, *cover)]
            anchored += any(start <= begin < end for start, end in rims for begin, _ in free)
            shares.append(own / weight(words))
        if anchored >= _NEARLY_ALL * len(holders):
            return True
        return sorted(shares, reverse=True)[len(shares) // _QUARTER] >= _COVER

    def _surely(self, holders: Sequence[int], slots: _Slots) -> bool:
        """Two or three runs: what they ask differs entirely, and they are no near-copies."""
        apart = any(
            all(weight(content) >= _SENTENCE for content in contents) and differ_clearly(contents)
            for contents in slots.contents
        )
        if not apart:
            return False
        if all(2 * left * _ALIKE > cover * (1 - _ALIKE) for left, cover in _sizes(slots)):
            return True
        return differ_clearly([self.shown[text].answer for text in holders])

    def _fills(self, holders: Sequence[int], slots: _Slots, wanted: int) -> bool:
        """Slots of a word or a figure: always the same ones, all filled, by different words."""
        used = [contents for contents in slots.contents if any(contents)]
        if any(_filled(contents) < _FILLED for contents in used):
            return False
        answers = [self.shown[text].answer for text in holders]
        return any(
            strangers_at_least(
                (
                    content if has_letters(content) else answer
                    for content, answer in zip(contents, answers, strict=True)
                    if content
                ),
                wanted,
            )
            for contents in used
        )

    def _slots(self, family: int, holders: Sequence[int]) -> _Slots:
        places: dict[str, list[str]] = {}
        slots = _Slots([], [], [])
        for number, text in enumerate(holders):
            words = self.shown[text].text
            covers = self._covers(text, self.above[family])
            for key, content in _between(words, covers):
                contents = places.setdefault(key, [""] * len(holders))
                contents[number] = f"{contents[number]} {content}".strip()
            cover = sum(weight(words[start:end]) for start, end in covers)
            slots.covered.append(cover)
            slots.left.append(weight(words) - cover)
        return _Slots(list(places.values()), slots.covered, slots.left)

    def _covers(self, text: int, families: frozenset[int]) -> list[tuple[int, int]]:
        """The places of a text that these families' stretches cover."""
        covers: list[tuple[int, int]] = []
        for start, end, which in self.families.spans[text]:
            if which not in families:
                continue
            if covers and start <= covers[-1][1]:
                covers[-1] = (covers[-1][0], max(end, covers[-1][1]))
            else:
                covers.append((start, end))
        words = self.shown[text].text
        return [one for one in covers if one[1] - one[0] >= STRETCH or _weighs(words, one)]


def _speaks(contents: Sequence[str], slots: _Slots, wanted: int) -> bool:
    """Whether nearly every run says something here, and enough of them something else."""
    if _filled(contents) < _FILLED:
        return False
    enough = min(max(_WORDS, min(slots.covered) / _SLIGHT), _SENTENCE)
    own = _without_common_edges(contents)
    said = [one for one in own if weight(one) >= enough and has_letters(one)]
    if len(said) < _SAID * len(contents):
        return False
    return strangers_at_least(said, wanted) or (
        len(said) > _SMALL and voices_at_least(said[:_LOOKED_AT], _MOST_OF_THEM)
    )


def _without_common_edges(contents: Sequence[str]) -> list[str]:
    """What each of them says between the words that all begin and end with."""
    filled = [one for one in contents if one]
    first = len(commonprefix(filled))
    last = len(commonprefix([one[first:][::-1] for one in filled]))
    return [one[first : len(one) - last] for one in filled]


def _filled(contents: Sequence[str]) -> float:
    return sum(map(bool, contents)) / len(contents)


def _sizes(slots: _Slots) -> Iterable[tuple[float, float]]:
    return zip(slots.left, slots.covered, strict=True)


def _between(text: str, covers: Sequence[tuple[int, int]]) -> Iterable[tuple[str, str]]:
    """What stands before, between and after the covered places, with the words before it."""
    at, key = 0, ""
    for start, end in covers:
        yield key, text[at:start].strip()
        at, key = end, text[max(end - _KEY, start) : end]
    yield key, text[at:].strip()


def _outside(span: tuple[int, int], covers: Sequence[tuple[int, int]]) -> Iterable[tuple[int, int]]:
    """The parts of a span that no cover touches."""
    start, end = span
    for begin, stop in covers:
        if stop <= start or begin >= end:
            continue
        if begin > start:
            yield start, begin
        start = max(start, stop)
    if start < end:
        yield start, end


def _weighs(text: str, span: tuple[int, int]) -> bool:
    """Whether it is long enough: a short window is meant for scripts that say more with it."""
    return weight(text[slice(*span)]) >= STRETCH


def _at_an_edge(text: str, start: int, end: int) -> bool:
    return text[start - 1 : start] in ("", BARRIER) or text[end : end + 1] in ("", BARRIER)


def _texts_of(bits: int) -> list[int]:
    found = []
    while bits:
        low = bits & -bits
        found.append(low.bit_length() - 1)
        bits ^= low
    return found
