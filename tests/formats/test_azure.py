"""Azure's line is OpenAI's, with limits of its own and a byte-order mark before the first."""

import json
from typing import Any

import pytest
from hypothesis import given

from pipeline.formats import Fitted, fit, get_format
from pipeline.records import ChatRecord
from tests.formats.drawing import chats
from tests.formats.lines import ANSWER, USER, broken, call, calling, image, mutated, result, tool

azure, openai = get_format("azure"), get_format("openai")
M = "/messages"
GOOD: list[dict[str, Any]] = [
    {"messages": [{"role": "system", "content": "Marv is sarcastic."}, USER, ANSWER]},
    {"messages": [USER, ANSWER | {"weight": 0}, USER, ANSWER | {"weight": 1}]},
    {"messages": [USER | {"content": [{"type": "text", "text": "This?"}, image()]}, ANSWER]},
    {"messages": [USER, calling(call())], "tools": [tool()]},
    {"messages": [USER, calling(call()), result(), ANSWER], "tools": []},
    {"messages": [USER | {"content": [image()] * 64}, ANSWER], "parallel_tool_calls": True},
]
"""Lines in every shape that Microsoft's pages show."""


def test_a_file_begins_with_a_byte_order_mark_and_has_less_than_512_mb() -> None:
    assert azure.file_prefix == b"\xef\xbb\xbf"
    assert azure.limits.max_file_bytes == 511_999_999
    assert azure.limits.min_examples == 10


@pytest.mark.parametrize("line", GOOD)
def test_accepted_lines(line: Any) -> None:
    assert broken(azure, line) == []


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"messages": []}, [("schema", M)]),
        ({"messages": [USER, ANSWER], "answer": 4}, [("schema", "")]),
        ({"messages": [USER | {"role": "developer"}, ANSWER]}, [("schema", f"{M}/0/role")]),
        (
            {"messages": [USER, {"role": "assistant", "function_call": {"name": "count"}}]},
            [("schema", f"{M}/1"), ("schema", f"{M}/1")],
        ),
        (
            {"messages": [USER, ANSWER | {"content": [image()]}]},
            [("schema", f"{M}/1/content/0/type")],
        ),
        ({"messages": [USER, ANSWER], "tools": [{"type": "function"}]}, [("schema", "/tools/0")]),
        ({"messages": [USER, ANSWER, USER]}, [("last-message", f"{M}/2/role")]),
        ({"messages": [USER, ANSWER | {"weight": 0}]}, [("nothing-to-train", M)]),
        ({"messages": [USER, result(), ANSWER]}, [("orphan-result", f"{M}/1/tool_call_id")]),
        (
            {"messages": [USER, calling(call()), ANSWER]},
            [("call-without-result", f"{M}/1/tool_calls/0")],
        ),
        (
            {"messages": [USER, calling(call(), call()), result(), ANSWER]},
            [("call-id", f"{M}/1/tool_calls/1/id")],
        ),
        (
            {"messages": [USER, calling(call(arguments="[1]"))]},
            [("arguments", f"{M}/1/tool_calls/0/function/arguments")],
        ),
        (
            {"messages": [USER | {"content": [image()] * 65}, ANSWER]},
            [("images", f"{M}/0/content/64")],
        ),
        (
            {
                "messages": [
                    USER | {"content": [image("data:image/png;base64," + "A" * 13_400_000)]},
                    ANSWER,
                ]
            },
            [("image-bytes", f"{M}/0/content/0/image_url/url")],
        ),
    ],
)
def test_broken_lines_are_refused_at_their_place(line: Any, expected: Any) -> None:
    assert broken(azure, line) == expected


def test_what_openai_refuses_for_its_images_azure_may_take() -> None:
    line = {"messages": [USER | {"content": [image()] * 11}, ANSWER]}
    assert broken(openai, line) == [("images", f"{M}/0/content/10")]
    assert broken(azure, line) == []


@given(chats())
def test_what_fits_survives_the_way_there_and_back(record: ChatRecord) -> None:
    fitted = fit(record, azure.carries)
    if isinstance(fitted, Fitted):
        line = azure.encode(fitted.record)
        assert {rule for rule, _ in broken(azure, json.loads(line))} <= {"nothing-to-train"}
        assert azure.decode(line) == fitted.record


@given(mutated(GOOD))
def test_every_accepted_line_can_be_read(line: Any) -> None:
    data = json.dumps(line).encode()
    if not azure.check(data):
        assert azure.check(azure.encode(azure.decode(data))) == ()
