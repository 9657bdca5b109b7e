"""From turns to a record: system segments joined, neighbours merged, calls and results paired."""

from collections.abc import Iterable

from pipeline.records import ContentPart, ImagePart, Message, TextPart
from pipeline.stages.normalize.notices import PREFILLS
from pipeline.stages.normalize.turns import NotUnderstood, Turn

__all__ = ["messages_of"]

_DAMAGED = (
    "...[truncated binary]...",
    "[Image removed from conversation history]",
    "[Document removed",
    "[Video removed",
    "[Content truncated - exceeded token limit]",
    "[Heartbeat removed",
    "[Tool interrupted: The user stopped",
)


def messages_of(turns: list[Turn], separator: str) -> tuple[Message, ...]:
    """The messages before the answer.

    Raises `NotUnderstood` where the conversation does not hold together: no user turn, a tool
    result without its call or a call without its result, a last turn that is the assistant's.
    """
    spoken = [turn for turn in turns if turn.role != "system"]
    spoken = _without_prefill(_merged(spoken))
    _check_history(turns)
    if not any(turn.role == "user" for turn in spoken):
        raise NotUnderstood("no_user_turn", "prompt", "no turn is the user's")
    if spoken[-1].role == "assistant":
        raise NotUnderstood("unknown_prompt_shape", "prompt", "ends with a turn of the assistant")
    names = _paired(spoken)
    system = separator.join(_texts(turn for turn in turns if turn.role == "system"))
    head = (Message("system", system),) if system else ()
    return (*head, *(_message(turn, names) for turn in spoken))


def _merged(turns: list[Turn]) -> list[Turn]:
    """Neighbours of one role as one turn, their words apart by a blank line."""
    merged: list[Turn] = []
    for turn in turns:
        last = merged[-1] if merged else None
        if last is None or last.role != turn.role or turn.role == "tool" or last.calls:
            merged.append(Turn(turn.role, _joined(turn.parts), [*turn.calls], turn.tool_call_id))
        else:
            last.parts = _joined([*last.parts, *turn.parts])
            last.calls += turn.calls
    return merged


def _joined(parts: list[str | ImagePart]) -> list[str | ImagePart]:
    """Neighbouring texts as one, apart by a blank line."""
    joined: list[str | ImagePart] = []
    for part in parts:
        last = joined[-1] if joined else None
        if isinstance(part, str) and isinstance(last, str):
            joined[-1] = f"{last}\n\n{part}"
        else:
            joined.append(part)
    return joined


def _without_prefill(turns: list[Turn]) -> list[Turn]:
    if turns and turns[-1].role == "assistant" and not turns[-1].calls:
        match turns[-1].parts:
            case [str() as text] if text.strip() in PREFILLS:
                return turns[:-1]
    return turns


def _paired(turns: list[Turn]) -> dict[str, str]:
    """The called function of every call id; every call has its result and the other way round."""
    names: dict[str, str] = {}
    waiting: dict[str, str] = {}
    for turn in turns:
        if turn.role == "tool":
            ident = turn.tool_call_id or ""
            if waiting.pop(ident, None) is None:
                raise NotUnderstood("orphan_tool_result", "prompt", f"no call has the id {ident}")
            continue
        if waiting:
            raise _unanswered(waiting)
        waiting = {call.id: call.name for call in turn.calls}
        names |= waiting
    if waiting:
        raise _unanswered(waiting)
    return names


def _unanswered(waiting: dict[str, str]) -> NotUnderstood:
    ident, name = next(iter(waiting.items()))
    said = f"the call {ident} of {name} has no result"
    return NotUnderstood("tool_call_without_result", "prompt", said)


def _message(turn: Turn, names: dict[str, str]) -> Message:
    return Message(
        role=turn.role,  # type: ignore[arg-type]
        content=_content(turn),
        tool_calls=tuple(turn.calls),
        tool_call_id=turn.tool_call_id,
        name=names.get(turn.tool_call_id or ""),
    )


def _content(turn: Turn) -> str | tuple[ContentPart, ...] | None:
    match turn.parts:
        case []:
            return None if turn.calls else ""
        case [str() as text]:
            return text
        case parts:
            return tuple(TextPart(part) if isinstance(part, str) else part for part in parts)


def _texts(turns: Iterable[Turn]) -> list[str]:
    texts = ("\n".join(part for part in turn.parts if isinstance(part, str)) for turn in turns)
    return [text for text in texts if text.strip()]


def _check_history(turns: list[Turn]) -> None:
    for turn in turns:
        for part in turn.parts:
            if isinstance(part, str):
                for marker in _DAMAGED:
                    if marker in part:
                        raise NotUnderstood(
                            "unsupported_content", "prompt", f"its history is damaged: {marker}"
                        )
