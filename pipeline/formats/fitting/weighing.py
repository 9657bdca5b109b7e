"""What becomes of weights: kept, spelled out, left to the assistant, said by the place, or refused.

Turns of the assistant are trained and other turns are not, unless a weight says otherwise. So a
weight of 1 on the assistant's turn and of 0 on any other says nothing new. Imports `records`,
`carries`.
"""

from collections.abc import Iterable, Iterator, Sequence

from msgspec.structs import replace

from pipeline.formats.fitting.carries import Carries, Rewrite
from pipeline.records import Message

__all__ = ["refuse_weights", "weigh"]

_Turns = tuple[Message, ...]


def refuse_weights(turns: Sequence[Message], carries: Carries) -> Iterator[str]:
    """Why the format has no place for the weights, as ends of sentences."""
    for at, message in enumerate(turns):
        if message.weight is None or carries.weight in ("kept", "spelled_out"):
            continue
        if message.role != "assistant":
            if message.weight:
                yield "trains on turns of the assistant alone"
        elif carries.weight == "last_answer":
            yield from _refuse_place(message, last=at == len(turns) - 1)
        elif carries.weight == "refused" and message.weight == 0:
            yield f"cannot leave a turn out of the training (weight 0){_instead(turns, carries)}"


def _refuse_place(message: Message, *, last: bool) -> Iterator[str]:
    if last and message.weight == 0:
        yield "cannot leave the last answer out of the training (weight 0)"
    if not last and message.weight:
        yield "trains the last answer alone, an earlier one is to be trained (weight 1)"


def _instead(turns: Sequence[Message], carries: Carries) -> str:
    """The format that has a place for these weights, where there is one."""
    *earlier, last = [one.weight for one in turns if one.role == "assistant"]
    if not carries.last_answer_in or last == 0 or any(weight != 0 for weight in earlier):
        return ""
    return f"; {carries.last_answer_in} trains the last answer alone"


def weigh(turns: _Turns, carries: Carries, rewrites: list[Rewrite]) -> _Turns:
    """The turns with the weights that the format has a place for.

    `assistant`: on the assistant's turns alone. `spelled_out`: where one turn has a weight, each
    has. `last_answer`: 0 on every answer but the last, none on that. `refused`: on none.
    """
    match carries.weight:
        case "kept":
            return turns
        case "spelled_out":
            if all(one.weight is None for one in turns):
                return turns
            return _changed(map(_spelled_out, turns), turns, "weights_spelled_out", rewrites)
        case "assistant":
            kept = (one if one.role == "assistant" else _without(one) for one in turns)
            return _changed(kept, turns, "weights_dropped", rewrites)
        case "last_answer":
            untrained = (*map(_untrained, turns[:-1]), *turns[-1:])
            turns = _changed(untrained, turns, "earlier_turns_untrained", rewrites)
            said = (one if _is_earlier(one) else _without(one) for one in turns)
            return _changed(said, turns, "weights_dropped", rewrites)
        case "refused":
            return _changed(map(_without, turns), turns, "weights_dropped", rewrites)


def _changed(new: Iterable[Message], old: _Turns, name: Rewrite, rewrites: list[Rewrite]) -> _Turns:
    changed = tuple(new)
    if all(one is other for one, other in zip(changed, old, strict=True)):
        return old
    rewrites.append(name)
    return changed


def _spelled_out(message: Message) -> Message:
    if message.weight is not None:
        return message
    return replace(message, weight=1 if message.role == "assistant" else 0)


def _untrained(message: Message) -> Message:
    if message.role != "assistant" or message.weight is not None:
        return message
    return replace(message, weight=0)


def _is_earlier(message: Message) -> bool:
    return message.role == "assistant" and message.weight == 0


def _without(message: Message) -> Message:
    return message if message.weight is None else replace(message, weight=None)
