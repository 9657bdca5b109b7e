"""What stands between the stretches that some texts share: the slots of a template.

Imports this room's `diversity` and `scripts`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.stages.varying.diversity import near_copies, strangers_at_least, voices_at_least
from pipeline.stages.varying.scripts import has_letters, shared_start, weight

__all__ = ["Cover", "Slots", "between", "hold_a_list", "outside"]

Cover = tuple[int, int]
"""Where a stretch begins and ends in a text."""

_FILLED = 0.8
_SAID = 0.7
_LOOKED_AT = 8
_MOST_OF_THEM = 6
_WORDS = 12
_SENTENCE = 24
_SLIGHT = 8
_KEY = 12
_LIST = 20


@dataclass(frozen=True, slots=True)
class Slots:
    """What stands between the stretches of one family in the texts that hold it."""

    contents: list[list[str]]
    """For each place (told by the words before it) what each text has there."""
    covered: list[float]
    """For each text the weight of its stretches."""
    left: list[float]
    """For each text the weight of everything else."""

    def speak(self, wanted: int) -> bool:
        """Whether one place holds something in nearly every text, and often something else."""
        enough = min(max(_WORDS, min(self.covered) / _SLIGHT), _SENTENCE)
        return any(_speaks(contents, enough, wanted) for contents in self.contents)

    def are_filled(self, answers: Sequence[str], wanted: int) -> bool:
        """Whether always the same places hold something, and often other words.

        Figures count where they lead to other answers.
        """
        used = [contents for contents in self.contents if any(contents)]
        if any(_filled(contents) < _FILLED for contents in used):
            return False
        return any(strangers_at_least(_words_or(answers, contents), wanted) for contents in used)


def between(text: str, covers: Sequence[Cover]) -> Iterable[tuple[str, str]]:
    """What stands before, between and after the covers, each with the words before it."""
    at, key = 0, ""
    for start, end in covers:
        yield key, text[at:start].strip()
        at, key = end, text[max(end - _KEY, start) : end]
    yield key, text[at:].strip()


def outside(span: Cover, covers: Sequence[Cover]) -> Iterable[Cover]:
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


def hold_a_list(contents: Sequence[str]) -> bool:
    """Whether they are long and nearly the same everywhere, as a list that varies a little is."""
    return len(set(contents)) > 1 and min(map(weight, contents)) >= _LIST and near_copies(contents)


def _speaks(contents: Sequence[str], enough: float, wanted: int) -> bool:
    if _filled(contents) < _FILLED:
        return False
    own = _without_common_edges(contents)
    said = [one for one in own if weight(one) >= enough and has_letters(one)]
    if len(said) < _SAID * len(contents):
        return False
    return strangers_at_least(said, wanted) or (
        len(said) >= _LOOKED_AT and voices_at_least(said[:_LOOKED_AT], _MOST_OF_THEM)
    )


def _words_or(answers: Sequence[str], contents: Sequence[str]) -> Iterable[str]:
    """What the places hold; of figures what was answered."""
    for content, answer in zip(contents, answers, strict=True):
        if content:
            yield content if has_letters(content) else answer


def _without_common_edges(contents: Sequence[str]) -> list[str]:
    """What each of them says between the words that all begin and end with."""
    filled = [one for one in contents if one]
    first = shared_start(min(filled), max(filled))
    backwards = [one[first:][::-1] for one in filled]
    last = shared_start(min(backwards), max(backwards))
    return [one[first : len(one) - last] for one in filled]


def _filled(contents: Sequence[str]) -> float:
    return sum(map(bool, contents)) / len(contents)
