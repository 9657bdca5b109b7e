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

from pipeline.stages.varying.bridges import Bridge, cut_bridges, list_bridges
from pipeline.stages.varying.diversity import differ_clearly
from pipeline.stages.varying.families import BARRIER, Families, find_families
from pipeline.stages.varying.scripts import STRETCH, weight, whole_words, window_for
from pipeline.stages.varying.slots import Slots, between, outside

__all__ = ["Shown", "Stretches", "least_support", "shared_stretches"]

_ROUNDS = 3
_FEW = 3
_SMALL = 7
_HANDFUL = 4
_NEARLY_ALL = 0.9
_HALF = 0.5
_TENTH = 0.1
_SENTENCE = 24
_SURE = 80
_LONG = 150
_ALIKE = 0.8
_COVER = 0.4
_QUARTER = 4


@dataclass(frozen=True, slots=True)
class Shown:
    """One run as it is learned from."""

    text: str
    """Its input, with barriers where no stretch may reach across."""
    answer: str


@dataclass(frozen=True, slots=True)
class Stretches:
    """What was found."""

    pieces: tuple[str, ...]
    """Stretches that are template wherever they stand, the longest first."""
    bridges: tuple[Bridge, ...]
    """Places between two stretches of which what they hold is template too, but for trifles."""


def least_support(runs: int) -> int:
    """How many of a group's runs have to hold what is taken for template."""
    if runs <= _SMALL:
        return 2 if runs <= _FEW else 3
    return _HANDFUL


def shared_stretches(shown: Sequence[Shown]) -> Stretches:
    """The template stretches of these runs.

    The order of the runs decides only between stretches that cover the same words.
    """
    bridges: tuple[Bridge, ...] = ()
    for _ in range(_ROUNDS):
        judge = _Judge.of(shown)
        fresh = judge.bridges()
        if not fresh:
            break
        bridges += fresh
        cut = {text: one for one in shown if (text := cut_bridges(one.text, fresh))}
        shown = [Shown(text, one.answer) for text, one in cut.items()]
    return Stretches(judge.pieces(), bridges)


@dataclass(frozen=True, slots=True)
class _Judge:
    shown: Sequence[Shown]
    families: Families
    above: list[frozenset[int]]
    own: dict[int, list[str]]
    """The families that have stretches of their own, and these."""

    @classmethod
    def of(cls, shown: Sequence[Shown]) -> "_Judge":
        texts = [one.text for one in shown]
        window = window_for(texts)
        families = find_families(texts, window, least_support(len(shown)))
        numbers = range(len(families.holders))
        judge = cls(shown, families, [families.above(family) for family in numbers], {})
        for family in numbers:
            if stretches := judge._own_stretches(family, window):
                judge.own[family] = stretches
        return judge

    def pieces(self) -> tuple[str, ...]:
        """The stretches of all families that are template, the longest first."""
        versions = self._versions()
        accepted = {family for family in self.own if self._is_template(family, versions)}
        taken = {above for family in accepted for above in self.above[family]}
        found = {stretch for family in taken for stretch in self.own.get(family, ())}
        least = least_support(len(self.shown))
        sure = (one for one in found if sum(one in each.text for each in self.shown) >= least)
        return tuple(sorted(sure, key=lambda one: (-len(one), one)))

    def bridges(self) -> tuple[Bridge, ...]:
        """Those of the most widely shared family that has any."""
        versions = self._versions()
        for family in self.own:
            holders = _texts_of(self.families.holders[family])
            if len(holders) <= max(_SMALL, _HALF * len(self.shown)):
                break
            covers = [self._covers(text, self.above[family]) for text in holders]
            texts = [self.shown[text].text for text in holders]
            lists = list_bridges(texts, covers)
            if not lists or not self._is_template(family, versions):
                continue
            if self._slots(family, holders).speak(_HANDFUL):
                return lists
        return ()

    def _own_stretches(self, family: int, window: int) -> list[str]:
        """Its stretches where no more widely shared one stands, as its first text has them."""
        text = _texts_of(self.families.holders[family])[0]
        words = self.shown[text].text
        covers = self._covers(text, self._wider(family))
        spans = self._covers(text, frozenset({family}))
        free = (part for span in spans for part in outside(span, covers))
        pieces = [whole_words(words, *part) for part in free if part[1] - part[0] >= window]
        return [piece for piece in pieces if weight(piece) >= STRETCH]

    def _wider(self, family: int) -> frozenset[int]:
        """More widely shared families that have stretches of their own."""
        return frozenset(
            above for above in self.above[family] if above != family and above in self.own
        )

    def _versions(self) -> frozenset[int]:
        """Families that part the texts of another (or all texts) among them, as versions do."""
        held = {family: self.families.holders[family] for family in self.own}
        found: set[int] = set()
        for whole in {(1 << len(self.shown)) - 1, *held.values()}:
            least = _TENTH * whole.bit_count()
            parts = {f for f, own in held.items() if own & whole == own != whole}
            parts = {f for f in parts if held[f].bit_count() >= least}
            parts = {f for f in parts if not parts & self.above[f] - {f}}
            union = reduce(or_, (held[part] for part in parts), 0).bit_count()
            total = sum(held[part].bit_count() for part in parts)
            if union >= _NEARLY_ALL * max(whole.bit_count(), total):
                found |= parts
        return frozenset(found)

    def _is_template(self, family: int, versions: frozenset[int]) -> bool:
        """Whether it frames what varies."""
        holders = _texts_of(self.families.holders[family])
        slots = self._slots(family, holders)
        if len(holders) <= _FEW:
            return self._surely(family, holders, slots)
        minor = len(holders) < _HALF * len(self.shown) and family not in versions
        if minor and not self._stands_out(family, holders, _SURE):
            return False
        wanted = _HANDFUL if len(holders) > _SMALL else _FEW
        if slots.speak(wanted):
            return True
        if len(holders) < _NEARLY_ALL * len(self.shown) and min(slots.covered) < _LONG:
            return False
        return slots.are_filled([self.shown[text].answer for text in holders], wanted)

    def _stands_out(self, family: int, holders: Sequence[int], least: float) -> bool:
        """Whether its own stretches weigh enough, at an edge or as much of the text."""
        anchored = 0
        shares: list[float] = []
        for text in holders:
            words = self.shown[text].text
            covers = self._covers(text, self._wider(family))
            spans = self._covers(text, frozenset({family}))
            free = [part for span in spans for part in outside(span, covers)]
            own = sum(weight(words[start:end]) for start, end in free)
            if own < least:
                return False
            whole = self._covers(text, self.above[family])
            rims = [cover for cover in whole if _at_an_edge(words, *cover)]
            anchored += any(start <= begin < end for start, end in rims for begin, _ in free)
            shares.append(own / weight(words))
        if anchored >= _NEARLY_ALL * len(holders):
            return True
        return sorted(shares, reverse=True)[len(shares) // _QUARTER] >= _COVER

    def _surely(self, family: int, holders: Sequence[int], slots: Slots) -> bool:
        """Two or three runs: what they ask differs entirely, and they are no near-copies."""
        apart = any(
            all(weight(content) >= _SENTENCE for content in contents) and differ_clearly(contents)
            for contents in slots.contents
        )
        if not apart or not self._stands_out(family, holders, STRETCH):
            return False
        if all(2 * left * _ALIKE > cover * (1 - _ALIKE) for left, cover in _sizes(slots)):
            return True
        return differ_clearly([self.shown[text].answer for text in holders])

    def _slots(self, family: int, holders: Sequence[int]) -> Slots:
        places: dict[str, list[str]] = {}
        slots = Slots([], [], [])
        for number, text in enumerate(holders):
            words = self.shown[text].text
            covers = self._covers(text, self.above[family])
            for key, content in between(words, covers):
                contents = places.setdefault(key, [""] * len(holders))
                contents[number] = f"{contents[number]} {content}".strip()
            cover = sum(weight(words[start:end]) for start, end in covers)
            slots.covered.append(cover)
            slots.left.append(weight(words) - cover)
        return Slots(list(places.values()), slots.covered, slots.left)

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


def _sizes(slots: Slots) -> Iterable[tuple[float, float]]:
    return zip(slots.left, slots.covered, strict=True)


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
