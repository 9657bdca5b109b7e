"""What the runs of one interaction and version share, learned from a sample of them.

Runs of an interaction carry the same instructions around what varies; compared whole, unrelated
runs look alike. `learn_template` finds what is shared three ways: system messages that come back
word for word, the words between the values of stored parameters (`frames`), and long stretches
around which something varies (`stretches`). There may be several templates in a group: what is
found is taken out of a run wherever it stands. Imports only this room's files.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import msgspec
import xxhash

from pipeline.stages.inputs import RecordText, normalize_text
from pipeline.stages.varying.bridges import Bridge, cut_bridges
from pipeline.stages.varying.diversity import voices_at_least
from pipeline.stages.varying.families import BARRIER
from pipeline.stages.varying.frames import Filled, cut_frame, learn_frames
from pipeline.stages.varying.scripts import is_word, shared_start
from pipeline.stages.varying.stretches import Shown, least_support, shared_stretches

__all__ = ["NO_TEMPLATE", "SAMPLE_SIZE", "Sample", "Template", "learn_template"]

SAMPLE_SIZE = 128
"""How many runs of a group are looked at."""
ENOUGH = 8
"""A group of fewer distinct runs learns from the interaction's other versions too."""
_NEARLY_ALL = 0.9
_MIN_VALUE = 3
_MOST_VALUES = 64
_MINOR_SYSTEM = 0.2
_EDGE = 32
_FOUND = 0.75

_SAYS_SOMETHING = re.compile(r"\w")


@dataclass(frozen=True, slots=True)
class Sample:
    """One run to learn from."""

    text: RecordText
    values: tuple[str, ...]
    """The normalized strings of its stored parameters, longest first."""

    @classmethod
    def of(cls, text: RecordText, parameters: bytes) -> "Sample":
        """A sample with the strings found anywhere inside the parameters' JSON."""
        found = {normalize_text(value) for value in _strings(msgspec.json.decode(parameters))}
        values = sorted((v for v in found if len(v) >= _MIN_VALUE), key=lambda v: (-len(v), v))
        return cls(text, tuple(values[:_MOST_VALUES]))


@dataclass(frozen=True, slots=True)
class Template:
    """What a group's runs share; `variable` takes it out of a run."""

    frames: tuple[tuple[str, ...], ...] = ()
    """The words around the parameters' values, in order, for each template of the group."""
    bridges: tuple[Bridge, ...] = ()
    """Places inside a template that vary a little."""
    pieces: tuple[str, ...] = ()
    """Long stretches that are template wherever they stand, the longest first."""
    systems: tuple[str, ...] = ()
    """System messages that say nothing of a run."""
    with_system: bool = True
    """Whether what is left of the system message is part of the variable input."""

    def variable(self, text: RecordText) -> str:
        """The run's variable input; the whole input where nothing would be left."""
        left = self.turns_part(text)
        if self.with_system and text.system:
            left = f"{self.system_part(text)} {left}".strip()
        if _SAYS_SOMETHING.search(left):
            return left
        return text.turns or text.system

    def turns_part(self, text: RecordText) -> str:
        """What varies in the turns; may be empty."""
        return self._cut(cut_frame(text.turns, self.frames) if self.frames else text.turns)

    def system_part(self, text: RecordText) -> str:
        """What varies in the system message; may be empty."""
        return "" if text.system in self.systems else self._cut(text.system)

    def _cut(self, text: str) -> str:
        if self.bridges:
            text = cut_bridges(text, self.bridges)
        for piece, core in _with_cores(self.pieces):
            if core in text:
                text = text.replace(piece, BARRIER) if piece in text else _cut_most(text, piece)
        return " ".join(text.split()) if BARRIER in text else text


NO_TEMPLATE = Template()
"""For groups that nothing is known of: the whole input counts."""


def learn_template(samples: Iterable[Sample], siblings: Iterable[Sample] = ()) -> Template:
    """The template of one group; its order does not matter.

    `siblings` are runs of the interaction's other versions: a small group learns from them what
    it shares with them.
    """
    own = _distinct(samples)
    template = _learn(own)
    others = _distinct(siblings) if len(own) < ENOUGH else []
    if others:
        template = _joined(template, _learn(_distinct([*own, *others])))
    return replace(template, with_system=_system_counts(own, template))


def _learn(samples: Sequence[Sample]) -> Template:
    least = least_support(len(samples))
    systems = _systems(samples, least)
    frames = learn_frames([Filled(one.text.turns, one.values) for one in samples], least)
    shown: dict[str, Shown] = {}
    for one in samples:
        system = "" if one.text.system in systems else one.text.system
        turns = cut_frame(one.text.turns, frames)
        text = BARRIER.join(filter(None, (system, turns)))
        shown.setdefault(text, Shown(text, one.text.answer))
    stretches = shared_stretches(list(shown.values()))
    return Template(frames, stretches.bridges, stretches.pieces, systems)


def _distinct(samples: Iterable[Sample]) -> list[Sample]:
    """Samples of different inputs, in an order that depends on nothing but their words."""
    inputs: dict[tuple[str, str], Sample] = {}
    for one in sorted(samples, key=lambda sample: (sample.values, sample.text.answer)):
        inputs.setdefault((one.text.system, one.text.turns), one)
    return [inputs[key] for key in sorted(inputs, key=_shuffled)]


def _shuffled(words: tuple[str, str]) -> tuple[int, tuple[str, str]]:
    """Neighbours in the alphabet are alike, and judging looks at the first ones first."""
    return xxhash.xxh3_64_intdigest(BARRIER.join(words).encode()), words


def _systems(samples: Sequence[Sample], least: int) -> tuple[str, ...]:
    """System messages of nearly all runs, or of several that ask clearly different things."""
    turns: dict[str, list[str]] = {}
    for one in samples:
        if one.text.system:
            turns.setdefault(one.text.system, []).append(one.text.turns)
    voices = min(least, _MIN_VALUE)
    return tuple(
        system
        for system, asked in sorted(turns.items())
        if len(asked) >= max(2, _NEARLY_ALL * len(samples))
        or (len(asked) >= least and voices_at_least(asked, voices))
    )


def _system_counts(samples: Sequence[Sample], template: Template) -> bool:
    """Whether what varies in the system messages is a real share of what varies at all."""
    system = sum(len(template.system_part(one.text)) for one in samples)
    turns = sum(len(template.turns_part(one.text)) for one in samples)
    return system >= _MINOR_SYSTEM * (system + turns)


def _joined(own: Template, pooled: Template) -> Template:
    pieces = sorted({*own.pieces, *pooled.pieces}, key=lambda piece: (-len(piece), piece))
    frames = dict.fromkeys((*own.frames, *pooled.frames))
    systems = sorted({*own.systems, *pooled.systems})
    bridges = dict.fromkeys((*own.bridges, *pooled.bridges))
    return Template(tuple(frames), tuple(bridges), tuple(pieces), tuple(systems))


@lru_cache(maxsize=4096)
def _with_cores(pieces: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """Each piece with what it is without its edges."""
    return tuple((piece, piece[_edge(piece) : -_edge(piece)]) for piece in pieces)


def _edge(piece: str) -> int:
    return min(_EDGE, len(piece) // 4)


def _cut_most(text: str, piece: str) -> str:
    """The text without stretches that are the piece but for its edges.

    What all the runs of a sample began with by chance stands at a piece's edge, and not in others.
    """
    edge = _edge(piece)
    core = piece[edge:-edge]
    at = text.find(core)
    while at >= 0:
        start = at - _agreeing(text[max(at - edge, 0) : at][::-1], piece[:edge][::-1])
        end = at + len(core)
        end += _agreeing(text[end : end + edge], piece[-edge:])
        if end - start >= _FOUND * len(piece):
            text = f"{text[:start]}{BARRIER}{text[end:]}"
            end = start + 1
        at = text.find(core, end)
    return text


def _agreeing(text: str, piece: str) -> int:
    """How many characters are the same, in whole words."""
    size = shared_start(text, piece)
    if size < len(text) and is_word(text[size]) and " " in text[:size]:
        return text.rindex(" ", 0, size)
    return size


def _strings(value: Any) -> Iterable[str]:
    match value:
        case str():
            yield value
        case dict():
            for inner in value.values():
                yield from _strings(inner)
        case list():
            for inner in value:
                yield from _strings(inner)
