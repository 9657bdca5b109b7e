"""Turns become messages: calls get ids of our own, and every result finds its call.

Ids are counted (`call_1`, `call_2`, ...), so that two runs with the same words have equal
records, whatever ids the provider drew.
"""

from pipeline.records import Message, Rejected, ToolCall
from pipeline.stages.normalize.draft import Call, Turn, refuse
from pipeline.stages.normalize.policy import content_of, merge

__all__ = ["call_count", "inline_orphans", "to_messages"]


class _OpenCalls:
    """The calls of the last assistant turn that have no result yet."""

    def __init__(self) -> None:
        self._made = 0
        self.waiting: list[tuple[str, ToolCall]] = []

    def make(self, calls: tuple[Call, ...]) -> tuple[ToolCall, ...]:
        """The calls of a turn, which are open from now on; those before it no longer are."""
        self.waiting.clear()
        for call in calls:
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


def inline_orphans(turns: list[Turn]) -> list[Turn]:
    """Results whose call is not stored become text of the user's."""
    open_keys: list[str | None] = []
    inlined: list[Turn] = []
    for turn in turns:
        if turn.role != "tool":
            open_keys = [call.key for call in turn.calls]
        elif turn.answers in open_keys:
            open_keys.remove(turn.answers)
        else:
            inlined.append(Turn("user", list(turn.parts)))
            continue
        inlined.append(turn)
    return merge(inlined)


def to_messages(turns: list[Turn]) -> list[Message] | Rejected:
    """The messages of a conversation that waits for an answer, or why it is none.

    A call without a result stays as it is: the label check asks for one.
    """
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
        made = calls.make(turn.calls)
        content = content_of(turn.parts)
        messages.append(Message(turn.role, content or None, made, name=turn.name))
    return _asked(messages)


def call_count(messages: list[Message]) -> int:
    """How many calls the messages hold."""
    return sum(len(message.tool_calls) for message in messages)


def _asked(messages: list[Message]) -> list[Message] | Rejected:
    """Someone asked, and the last turn is not an answer already."""
    if not any(message.role == "user" for message in messages):
        return refuse("no_user_turn", "nobody asked anything: no user turn", "$.prompt")
    if messages[-1].role == "assistant":
        said = "the prompt ends with an assistant's turn: the answer replies to no question"
        return refuse("no_user_turn", said, "$.prompt")
    return messages
