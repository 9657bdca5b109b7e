"""The words around the values of stored parameters: template, whatever their length.

A run's parameters tell what varies in it, so what stands between their values does not. Values
can mislead (a word that the template holds too, one that the prompt does not show), so words
between values count only where enough runs agree on them. Imports this room's `diversity`,
`scripts` and `families`' barrier.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.stages.varying.diversity import voices_at_least
from pipeline.stages.varying.families import BARRIER
from pipeline.stages.varying.scripts import is_word, weight

__all__ = ["Filled", "cut_frame", "learn_frames"]

_SMALL = 7
_LITERAL = 8
_SHORT = 12
_OFTEN = 3
_MOST = 16
_NEARLY_ALL = 0.9
_HALF = 0.5
_VOICES = 3


@dataclass(frozen=True, slots=True)
class Filled:
    """One run's text and the values of its parameters, longest first."""

    text: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Parted:
    literals: tuple[str, ...]
    said: str
    """The values that the text shows."""
    explained: bool
    """Whether most of what the parameters say stands in the text."""


def learn_frames(runs: Sequence[Filled], least: int) -> tuple[tuple[str, ...], ...]:
    """The literals of each template, in order; those that hold at least so many runs."""
    parted = [one for one in _part(runs) if one.literals and (one.explained or len(runs) > _SMALL)]
    if len(parted) < least:
        return ()
    holders: dict[str, list[_Parted]] = {}
    for one in parted:
        for literal in set(one.literals):
            holders.setdefault(literal, []).append(one)
    common = {literal for literal, held in holders.items() if len(held) >= least}
    told = sum(common.issuperset(one.literals) for one in parted) >= _NEARLY_ALL * len(parted)
    sure = {literal for literal in common if told or _is_literal(holders[literal])}
    frames = Counter(tuple(one for one in each.literals if one in sure) for each in parted)
    ranked = sorted(frames, key=lambda frame: (-frames[frame], -len("".join(frame)), frame))
    return tuple(frame for frame in ranked if frame)[:_MOST]


def cut_frame(text: str, frames: Sequence[tuple[str, ...]]) -> str:
    """The text without the literals of the frame that covers most of it."""
    best: list[tuple[int, int]] = []
    longest = 0
    for frame in frames:
        found: list[tuple[int, int]] = []
        at = length = 0
        for literal in frame:
            start = text.find(literal, at)
            if start >= 0:
                at = start + len(literal)
                length += len(literal)
                found.append((start, at))
        if length > longest:
            best, longest = found, length
    if not best:
        return text
    starts = [0, *(end for _, end in best)]
    ends = [*(start for start, _ in best), len(text)]
    return BARRIER.join(text[start:end] for start, end in zip(starts, ends, strict=True))


def _is_literal(held: Sequence[_Parted]) -> bool:
    """Whether the runs that agree on some words differ in their values as runs do.

    Where there are words besides that no other run has, the parameters do not tell all.
    """
    speaking = sum(weight(one.said) >= _SHORT for one in held) >= _HALF * len(held)
    return speaking and voices_at_least([one.said for one in held], _VOICES)


def _part(runs: Sequence[Filled]) -> list[_Parted]:
    """Every run that shows a value, taken apart at its values."""
    misleading = _words_of_templates(runs)
    parted: list[_Parted] = []
    for run in runs:
        masked, shown = run.text, []
        for value in run.values:
            if value in masked and value not in misleading:
                before, masked = masked, _mask(masked, value)
                shown += [value] if masked != before else []
        if shown:
            pieces = (piece.strip() for piece in masked.split(BARRIER))
            literals = tuple(piece for piece in pieces if weight(piece) >= _LITERAL)
            explained = sum(map(len, shown)) >= _HALF * sum(map(len, run.values))
            parted.append(_Parted(literals, " ".join(shown), explained))
    return parted


def _mask(text: str, value: str) -> str:
    """The text with a barrier for the value; a short one has to be a word of its own."""
    if weight(value) >= _SHORT:
        return text.replace(value, BARRIER)
    before = r"(?<!\w)" if is_word(value[0]) else ""
    after = r"(?!\w)" if is_word(value[-1]) else ""
    masked, count = re.subn(f"{before}{re.escape(value)}{after}", BARRIER, text)
    return masked if count <= _OFTEN else text


def _words_of_templates(runs: Sequence[Filled]) -> set[str]:
    """Short values that nearly all runs have, or that most of the others show all the same."""
    short = Counter(value for run in runs for value in run.values if weight(value) < _SHORT)
    return {value for value, count in short.items() if _misleads(value, count, runs)}


def _misleads(value: str, count: int, runs: Sequence[Filled]) -> bool:
    if len(runs) > _VOICES and count >= _NEARLY_ALL * len(runs):
        return True
    others = [run.text for run in runs if value not in run.values]
    return bool(others) and sum(value in text for text in others) >= _HALF * len(others)
