"""What the runs of one interaction and version share, learned from a sample of them.

Runs of an interaction carry the same instructions around what varies; compared whole, unrelated
runs look alike. `learn_template` finds the shared stretches two ways: between the values of the
stored parameters, whatever their length, and by themselves where they are long. Imports only
`inputs`.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from pipeline.stages.inputs import RecordText, normalize_text

__all__ = ["NO_TEMPLATE", "SAMPLE_SIZE", "Sample", "Template", "learn_template"]

SAMPLE_SIZE = 64
"""How many runs of a group are looked at."""
STRETCH = 40
"""A stretch shorter than this is a phrase of the language, not a template."""
_SHARE = 0.9
_MIN_DISTINCT = 8
_MIN_LITERAL = 8
_MIN_VALUE = 3
_MINOR_SYSTEM = 0.2
_MIN_LEFT = 5


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
        return cls(text, tuple(values))


@dataclass(frozen=True, slots=True)
class Template:
    """What a group's runs share; `variable` takes it out of a run."""

    turn_pieces: tuple[str, ...] = ()
    system_pieces: tuple[str, ...] = ()
    with_system: bool = True
    """Whether what is left of the system message is part of the variable input."""

    def variable(self, text: RecordText) -> str:
        """The run's variable input; the whole input where hardly anything would be left."""
        left = _cut(text.turns, self.turn_pieces)
        if self.with_system:
            left = f"{_cut(text.system, self.system_pieces)} {left}".strip()
        if len(left) >= _MIN_LEFT:
            return left
        return text.turns or text.system


NO_TEMPLATE = Template()
"""For groups too small to learn from: the whole input counts."""


def learn_template(samples: Iterable[Sample]) -> Template:
    """The template of one group. The order of the samples does not matter."""
    distinct = sorted(set(samples), key=lambda sample: (sample.text.turns, sample.text.system))
    turns = sorted({sample.text.turns for sample in distinct})
    pieces = _between_values(distinct) if len(turns) >= _MIN_VALUE else ()
    if len(turns) >= _MIN_DISTINCT:
        rests = [_cut(turn, pieces) for turn in turns]
        pieces = (*pieces, *_stretches(rests))
    systems = [sample.text.system for sample in distinct]
    system_pieces = _system_pieces(systems)
    with_system = _system_counts(distinct, pieces, system_pieces)
    return Template(pieces, system_pieces, with_system)


def _system_pieces(systems: Sequence[str]) -> tuple[str, ...]:
    most_common = Counter(systems).most_common(1)
    if most_common and most_common[0][1] >= _SHARE * len(systems) and len(systems) > 1:
        return (most_common[0][0],) if most_common[0][0] else ()
    distinct = sorted(set(systems))
    return _stretches(distinct) if len(distinct) >= _MIN_DISTINCT else ()


def _system_counts(
    samples: Sequence[Sample], turn_pieces: Sequence[str], system_pieces: Sequence[str]
) -> bool:
    """Whether what varies in the system messages is a real share of what varies at all."""
    system = sum(len(_cut(sample.text.system, system_pieces)) for sample in samples)
    turns = sum(len(_cut(sample.text.turns, turn_pieces)) for sample in samples)
    return system >= _MINOR_SYSTEM * (system + turns)


def _between_values(samples: Sequence[Sample]) -> tuple[str, ...]:
    """Literals that stand between the parameters' values in nearly every run with any."""
    counts: Counter[str] = Counter()
    runs = 0
    order: dict[str, int] = {}
    for sample in samples:
        literals = _literals(sample)
        runs += bool(literals)
        counts.update(set(literals))
        for position, literal in enumerate(literals):
            order.setdefault(literal, position)
    if runs < _MIN_VALUE:
        return ()
    common = [literal for literal, count in counts.items() if count >= _SHARE * runs]
    return tuple(sorted(common, key=lambda literal: (order[literal], literal)))


def _literals(sample: Sample) -> list[str]:
    """The pieces of the turns outside all parameter values; none where no value is found."""
    present = [value for value in sample.values if value in sample.text.turns]
    if not present:
        return []
    pattern = "|".join(re.escape(value) for value in present)
    pieces = (piece.strip() for piece in re.split(pattern, sample.text.turns))
    return [piece for piece in pieces if len(piece) >= _MIN_LITERAL]


def _stretches(texts: Sequence[str]) -> tuple[str, ...]:
    """Long stretches that nearly all of the distinct texts hold, in the order of the first."""
    needed = _SHARE * len(texts)
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update({text[at : at + STRETCH] for at in range(len(text) - STRETCH + 1)})
    common = {window for window, count in counts.items() if count >= needed}
    if not common:
        return ()
    reference = max(texts, key=lambda text: (_covered(text, common), text))
    return tuple(
        piece
        for piece in _merge(reference, common)
        if sum(piece in text for text in texts) >= needed
    )


def _covered(text: str, common: set[str]) -> int:
    return sum(text[at : at + STRETCH] in common for at in range(len(text) - STRETCH + 1))


def _merge(text: str, common: set[str]) -> list[str]:
    """The maximal stretches of the text that common windows cover without a gap."""
    pieces: list[str] = []
    start: int | None = None
    for at in range(len(text) - STRETCH + 2):
        inside = at <= len(text) - STRETCH and text[at : at + STRETCH] in common
        if inside and start is None:
            start = at
        elif not inside and start is not None:
            pieces.append(text[start : at - 1 + STRETCH].strip())
            start = None
    return pieces


def _cut(text: str, pieces: Sequence[str]) -> str:
    """The text without the first occurrence of each piece."""
    for piece in pieces:
        before, found, after = text.partition(piece)
        if found:
            text = f"{before.strip()} {after.strip()}"
    return text.strip()


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
