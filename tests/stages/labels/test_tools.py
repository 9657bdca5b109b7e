"""Calls of tools: a known name, arguments that keep the schema, a result."""

from typing import Any

import pytest

from pipeline.api.runs import Run
from pipeline.records import ChatRecord, Message, Rejected, Tool, ToolCall
from pipeline.spec import LabelSpec
from pipeline.stages.labels import CheckLabel

SNOW = Tool(
    "snow",
    {
        "type": "object",
        "properties": {"place": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["place"],
    },
)


def verdict(
    *messages: Message, tools: tuple[Tool, ...] = (SNOW,), spec: LabelSpec | None = None
) -> Rejected | None:
    return CheckLabel(spec or LabelSpec())(Run(id="r"), ChatRecord(messages, tools))


def called(name: str = "snow", arguments: Any = None, number: int = 1) -> Message:
    call = ToolCall(f"call_{number}", name, {"place": "x"} if arguments is None else arguments)
    return Message("assistant", None, (call,))


ASK = Message("user", "Will it snow?")
DONE = Message("tool", "no", tool_call_id="call_1", name="snow")
END = Message("assistant", "No snow.")


def test_good_calls() -> None:
    assert verdict(ASK, called(), DONE, END) is None
    assert verdict(ASK, called()) is None


@pytest.mark.parametrize(
    ("call", "code", "says"),
    [
        (
            called("tea"),
            "unknown_tool",
            '"tea" at messages[1].tool_calls[0] names no tool on offer',
        ),
        (
            called(arguments={}),
            "tool_arguments_break_schema",
            '"place" is a required property - at `messages[1].tool_calls[0].arguments`',
        ),
        (
            called(arguments={"place": "x", "days": "two"}),
            "tool_arguments_break_schema",
            "at `messages[1].tool_calls[0].arguments.days`",
        ),
    ],
)
def test_wrong_calls(call: Message, code: str, says: str) -> None:
    for messages in ((ASK, call, DONE, END), (ASK, call)):
        rejected = verdict(*messages)
        assert rejected is not None
        assert rejected.code == code
        assert says in rejected.detail
        assert verdict(*messages, spec=LabelSpec(tools=False)) is None


def test_a_call_without_result() -> None:
    rejected = verdict(ASK, called(), Message("user", "And?"), END)
    assert rejected is not None
    assert rejected.code == "tool_call_without_result"
    assert rejected.detail == 'the call of "snow" at messages[1] has no result'


def test_one_of_several_calls_without_result() -> None:
    calls = Message("assistant", None, (*called().tool_calls, *called(number=2).tool_calls))
    rejected = verdict(ASK, calls, DONE, END)
    assert rejected is not None
    assert rejected.code == "tool_call_without_result"
    other = Message("tool", "no", tool_call_id="call_2")
    assert verdict(ASK, calls, other, DONE, END) is None


def test_the_answers_own_calls_need_no_result() -> None:
    assert verdict(ASK, called(), DONE, called(number=2)) is None


def test_without_tools_on_offer_names_are_free() -> None:
    assert verdict(ASK, called("tea", {"cups": 1}), DONE, END, tools=()) is None


@pytest.mark.parametrize(
    "parameters",
    [{"type": "OBJECT"}, {"$ref": "https://example.com/x.json"}, {"properties": 7}, {}],
)
def test_a_schema_that_cannot_be_used_is_not_checked(parameters: dict[str, Any]) -> None:
    tool = Tool("snow", parameters)
    assert verdict(ASK, called(arguments={"place": 1}), DONE, END, tools=(tool,)) is None


def test_many_tools_are_not_all_named() -> None:
    tools = tuple(Tool(f"tool_{number:02}", {}) for number in range(12))
    rejected = verdict(ASK, called("tea"), DONE, END, tools=tools)
    assert rejected is not None
    assert rejected.detail.endswith("tool_07 and 4 more)")
