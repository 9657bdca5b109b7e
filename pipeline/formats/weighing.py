"""What becomes of weights: kept, spelled out, left to the assistant, or refused.

Turns of the assistant are trained and other turns are not, unless a weight says otherwise. So a
weight of 1 on the assistant's turn and of 0 on any other says nothing new. Imports `records`,
`carries`.
"""

from msgspec.structs import replace

from pipeline.formats.carries import Carries, Rewrite
from pipeline.records import Message

__all__ = ["refuse_weight", "weigh"]

_Turns = tuple[Message, ...]


def refuse_weight(message: Message, carries: Carries) -> str | None:
    """Why the format has no place for the weight, as the end of a sentence; None if it has."""
    if message.weight is None or carries.weight in ("kept", "spelled_out"):
        return None
    if message.role != "assistant":
        return "trains on turns of the assistant alone" if message.weight else None
    if carries.weight == "assistant" or message.weight:
        return None
    return "cannot leave a turn out of the training (weight 0)"


def weigh(turns: _Turns, carries: Carries, rewrites: list[Rewrite]) -> _Turns:
    """The turns with the weights that the format has a place for.

    `assistant`: on the assistant's turns alone. `spelled_out`: where one turn has a weight, each
    has. `refused`: on none.
    """
    if carries.weight == "kept" or all(one.weight is None for one in turns):
        return turns
    if carries.weight == "spelled_out":
        return _changed(tuple(map(_spelled_out, turns)), turns, "weights_spelled_out", rewrites)
    everywhere = carries.weight == "refused"
    kept = (_without(one) if everywhere or one.role != "assistant" else one for one in turns)
    return _changed(tuple(kept), turns, "weights_dropped", rewrites)


def _changed(new: _Turns, old: _Turns, name: Rewrite, rewrites: list[Rewrite]) -> _Turns:
    if new == old:
        return old
    rewrites.append(name)
    return new


def _spelled_out(message: Message) -> Message:
    if message.weight is not None:
        return message
    return replace(message, weight=1 if message.role == "assistant" else 0)


def _without(message: Message) -> Message:
    return message if message.weight is None else replace(message, weight=None)
