"""Tool calls that teach what no tool can do: an unknown name, broken arguments, no result.

Every call of the conversation is looked at, not only the answer's: all of them are trained on.
The answer's own calls wait for their results, so those need none. Imports the nouns.
"""

from typing import Any

import msgspec

from pipeline.records import ChatRecord, Rejected, Tool, ToolCall
from pipeline.stages.labels.label import Label, refuse
from pipeline.stages.labels.phrases import quote
from pipeline.stages.labels.schema import sentence, validator_of

__all__ = ["wrong_call"]

_MOST_NAMES = 8


def wrong_call(label: Label) -> Rejected | None:
    """The first call that is wrong."""
    record = label.record
    calling = [at for at, message in enumerate(record.messages) if message.tool_calls]
    if not calling:
        return None
    validators: dict[str, Any] = {}
    for at in calling if record.tools else ():
        for number, call in enumerate(record.messages[at].tool_calls):
            place = f"messages[{at}].tool_calls[{number}]"
            if call.name not in validators:
                tool = next((one for one in record.tools if one.name == call.name), None)
                if tool is None:
                    return _unknown(call, place, record.tools)
                validators[call.name] = validator_of(msgspec.json.encode(tool.parameters))
            if rejected := _check_arguments(call, place, validators[call.name]):
                return rejected
    return _unanswered(record)


def _unknown(call: ToolCall, place: str, tools: tuple[Tool, ...]) -> Rejected:
    names = ", ".join(sorted(tool.name for tool in tools)[:_MOST_NAMES])
    more = f" and {len(tools) - _MOST_NAMES} more" if len(tools) > _MOST_NAMES else ""
    said = f"the call of {quote(call.name)} at {place} names no tool on offer"
    return refuse("unknown_tool", f"{said} ({names}{more})")


def _check_arguments(call: ToolCall, place: str, validator: Any) -> Rejected | None:
    if validator is None or validator.is_valid(call.arguments):
        return None
    wrong = sentence(validator, call.arguments, f"{place}.arguments")
    said = f"the arguments of the call of {call.name} break the tool's schema: {wrong}"
    return refuse("tool_arguments_break_schema", said)


def _unanswered(record: ChatRecord) -> Rejected | None:
    """The first call before the answer whose result is not among the messages that follow it."""
    waiting: dict[str, tuple[str, int]] = {}
    for index, message in enumerate(record.messages[:-1]):
        if message.role == "tool" and message.tool_call_id is not None:
            waiting.pop(message.tool_call_id, None)
        for call in message.tool_calls:
            waiting[call.id] = call.name, index
    if not waiting:
        return None
    name, index = next(iter(waiting.values()))
    said = f"the call of {quote(name)} at messages[{index}] has no result"
    return refuse("tool_call_without_result", said)
