"""What the shared wire reads that its writer never writes."""

import json
from typing import Any

import msgspec
import pytest

from pipeline.formats import get_format
from pipeline.formats.rules.tools import results_answer_calls
from pipeline.formats.wires.openai import WireMessage, decode_messages
from pipeline.records import ImagePart, Message

openai = get_format("openai")


def call(**ident: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": "count", "arguments": "{}"}} | ident


def read(*messages: dict[str, Any]) -> tuple[Message, ...]:
    return decode_messages(msgspec.convert(messages, tuple[WireMessage, ...]))


def calling(*calls: Any) -> dict[str, Any]:
    return {"role": "assistant", "tool_calls": list(calls)}


def result(**ident: str) -> dict[str, Any]:
    return {"role": "tool", "content": "3"} | ident


def ids(messages: tuple[Message, ...]) -> list[Any]:
    return [[one.id for one in message.tool_calls] or message.tool_call_id for message in messages]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([calling(call()), result()], [["call_1"], "call_1"]),
        ([calling(call(), call()), result(), result()], [["call_1", "call_2"], "call_1", "call_2"]),
        (
            [calling(call(id="call_1")), result(), calling(call())],
            [["call_1"], "call_1", ["call_2"]],
        ),
        (
            [calling(call(id="a"), call(id="b")), result(tool_call_id="b"), result()],
            [["a", "b"], "b", "a"],
        ),
        ([result()], ["call_1"]),
    ],
)
def test_calls_without_ids_are_numbered_and_results_told_to_them(
    messages: Any, expected: Any
) -> None:
    assert ids(read(*messages)) == expected


def test_a_result_without_an_id_has_the_name_of_its_call() -> None:
    assert [one.name for one in read(calling(call()), result())] == [None, "count"]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ([calling(call(), call()), result(), result()], []),
        ([calling(call()), result(), result()], [("orphan-result", "/messages/2")]),
        (
            [calling(call(), call()), result(), {"role": "user"}],
            [("call-without-result", "/messages/0/tool_calls/1")],
        ),
        (
            [calling(call(id="a")), result(tool_call_id="b")],
            [
                ("orphan-result", "/messages/1/tool_call_id"),
                ("call-without-result", "/messages/0/tool_calls/0"),
            ],
        ),
    ],
)
def test_results_without_ids_are_held_to_the_rules(messages: Any, expected: Any) -> None:
    assert [(one.rule, one.pointer) for one in results_answer_calls(messages)] == expected


def test_an_image_may_be_a_bare_address() -> None:
    image = {"type": "image_url", "image_url": "data:image/png;base64,AAAA"}
    (message,) = read({"role": "user", "content": [image]})
    assert message.content == (ImagePart("image/png", "AAAA"),)


def test_a_weight_may_be_written_with_a_point() -> None:
    line = {"messages": [{"role": "user", "content": "?"}, {"role": "assistant", "content": "!"}]}
    line["messages"][1]["weight"] = 1.0  # type: ignore[assignment]
    data = json.dumps(line).encode()
    assert openai.check(data) == ()
    assert [one.weight for one in openai.decode(data).messages] == [None, 1]
