"""Turns become messages: calls get ids of our own, and every result finds its call.

Ids are counted (`call_1`, `call_2`, ...), so that two runs with the same words have equal
records, whatever ids the provider drew.
"""

from pipeline.records import Message, Rejected, ToolCall
from pipeline.stages.normalize.draft import Turn, refuse
from pipeline.stages.normalize.policy import content_of

__all__ = ["to_messages"]


class _OpenCalls:
    """The calls of the last assistant turn that have no result yet."""

    def __init__(self) -> None:
        self._made = 0
        self.waiting: list[tuple[str, ToolCall]] = []

    def make(self, turn: Turn) -> tuple[ToolCall, ...]:
        for call in turn.calls:
            self._made += 1
            made = ToolCall(f"call_{self._made}", call.name, call.arguments)
            self.waiting.append((call.key, made))
        return tuple(call for _, call in self.waiting)

    def answer(self, key: str | None) -> ToolCall | None:
        """The first open call of that key, which is then closed."""
        for index, (open_key, call) in enumerate(self.waiting):
            if open_key == key:
                del self.waiting[index]
                return call
        return None


def to_messages(turns: list[Turn]) -> list[Message] | Rejected:
    """The messages of a conversation that waits for an answer, or why it is none."""
    messages: list[Message] = []
    calls = _OpenCalls()
    for turn in turns:
        if turn.role == "tool":
            call = calls.answer(turn.answers)
            if call is None:
                said = f"the result for {turn.answers!r} follows no such call"
                return refuse("orphan_tool_result", said, "$.prompt")
            content = content_of(turn.parts)
            messages.append(Message("tool", content, tool_call_id=call.id, name=call.name))
            continue
        if calls.waiting:
            return _unanswered(calls)
        made = calls.make(turn) if turn.calls else ()
        content = content_of(turn.parts)
        messages.append(Message(turn.role, content or None, made, name=turn.name))
    if calls.waiting:
        return _unanswered(calls)
    return _asked(messages)


def _unanswered(calls: _OpenCalls) -> Rejected:
    names = ", ".join(call.name for _, call in calls.waiting)
    said = f"no result is stored for the call of {names}"
    return refuse("tool_call_without_result", said, "$.prompt")


def _asked(messages: list[Message]) -> list[Message] | Rejected:
    """Someone asked, and the last turn is not an answer already."""
    if not any(message.role == "user" for message in messages):
        return refuse("no_user_turn", "nobody asked anything: no user turn", "$.prompt")
    if messages[-1].role == "assistant":
        said = "the prompt ends with an assistant's turn: the answer replies to no question"
        return refuse("no_user_turn", said, "$.prompt")
    return messages
