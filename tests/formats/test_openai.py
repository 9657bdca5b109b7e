"""The OpenAI line, word for word, and every rule of it broken once."""

import json
from typing import Any

import pytest

from pipeline.formats import get_format
from pipeline.records import ChatRecord, ImagePart, Message, TextPart, Tool, ToolCall

openai = get_format("openai")
USER = {"role": "user", "content": "Which gear?"}
ANSWER = {"role": "assistant", "content": "The small one."}
IMAGE = {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}}


def call(ident: str = "c1", **function: Any) -> dict[str, Any]:
    return {
        "id": ident,
        "type": "function",
        "function": {"name": "count", "arguments": "{}"} | function,
    }


def calling(*calls: Any, **more: Any) -> dict[str, Any]:
    return {"role": "assistant", "tool_calls": list(calls), **more}


def result(ident: str = "c1", content: Any = "3") -> dict[str, Any]:
    return {"role": "tool", "tool_call_id": ident, "content": content}


def broken(messages: Any, **line: Any) -> list[tuple[str, str]]:
    problems = openai.check(json.dumps({"messages": messages, **line}).encode())
    return [(problem.rule, problem.pointer) for problem in problems]


def test_the_line_word_for_word() -> None:
    record = ChatRecord(
        messages=(
            Message("system", "You keep the stock."),
            Message(
                "user",
                (TextPart("Left?"), ImagePart("image/png", "AAAA"), ImagePart(url="https://x.y/z")),
            ),
            Message("assistant", None, (ToolCall("call_1", "count", {"z": 1, "a": ["ü"]}),)),
            Message("tool", "3", tool_call_id="call_1", name="count"),
            Message("assistant", "Three."),
        ),
        tools=(Tool("count", {"type": "object"}, "Counts parts"),),
    )
    assert json.loads(openai.encode(record)) == {
        "messages": [
            {"role": "system", "content": "You keep the stock."},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Left?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                    {"type": "image_url", "image_url": {"url": "https://x.y/z"}},
                ],
            },
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "count", "arguments": '{"z":1,"a":["ü"]}'},
                    }
                ],
            },
            {"role": "tool", "content": "3", "tool_call_id": "call_1"},
            {"role": "assistant", "content": "Three."},
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "count",
                    "description": "Counts parts",
                    "parameters": {"type": "object"},
                },
            }
        ],
    }


@pytest.mark.parametrize(
    "messages",
    [
        [USER, ANSWER],
        [USER, USER, ANSWER],
        [USER, ANSWER | {"weight": 0}, USER, ANSWER | {"weight": 1}],
        [USER | {"name": "Ann"}, ANSWER],
        [USER, ANSWER | {"content": [{"type": "text", "text": "a"}]}],
        [USER, calling(call())],
        [USER, calling(call(), call("c2"), content=None), result("c2"), result(), ANSWER],
        [USER, calling(call()), result(content=[{"type": "text", "text": "3"}]), ANSWER],
        [{"role": "user", "content": [IMAGE] * 10}, ANSWER],
    ],
)
def test_accepted_lines(messages: Any) -> None:
    assert broken(messages) == []
    line = json.dumps({"messages": messages, "parallel_tool_calls": False}).encode()
    assert openai.check(line) == ()
    assert openai.check(openai.encode(openai.decode(line))) == ()


M = "/messages"


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ("x", [("schema", M)]),
        ([], [("schema", M)]),
        ([USER], [("last-message", f"{M}/0/role"), ("nothing-to-train", M)]),
        ([USER, ANSWER, USER], [("last-message", f"{M}/2/role")]),
        ([USER, ANSWER | {"weight": 0}], [("nothing-to-train", M)]),
        ([USER, ANSWER | {"weight": 0.5}], [("schema", f"{M}/1/weight")]),
        ([USER | {"weight": 1}, ANSWER], [("schema", f"{M}/0")]),
        ([{"content": "q"}, ANSWER], [("schema", f"{M}/0")]),
        ([USER | {"role": "human"}, ANSWER], [("schema", f"{M}/0/role")]),
        ([USER | {"content": None}, ANSWER], [("schema", f"{M}/0/content")]),
        ([USER | {"content": []}, ANSWER], [("schema", f"{M}/0/content")]),
        (
            [USER | {"content": [{"type": "input_audio"}]}, ANSWER],
            [("schema", f"{M}/0/content/0/type")],
        ),
        ([USER | {"content": [{"type": "text"}]}, ANSWER], [("schema", f"{M}/0/content/0")]),
        ([USER, {"role": "assistant"}], [("schema", f"{M}/1")]),
        ([USER, {"role": "assistant", "content": None}], [("schema", f"{M}/1")]),
        ([USER, ANSWER | {"content": [IMAGE]}], [("schema", f"{M}/1/content/0/type")]),
        ([USER, ANSWER | {"thoughts": "hm"}], [("schema", f"{M}/1")]),
        ([USER, result(), ANSWER], [("orphan-result", f"{M}/1/tool_call_id")]),
        (
            [USER, calling(call()), result("c9"), result(), ANSWER],
            [("orphan-result", f"{M}/2/tool_call_id")],
        ),
        ([USER, calling(call()), ANSWER], [("call-without-result", f"{M}/1/tool_calls/0")]),
        (
            [USER, calling(call(), call()), result(), ANSWER],
            [("call-id", f"{M}/1/tool_calls/1/id")],
        ),
        (
            [USER, calling(call(arguments="[1]")), result(), ANSWER],
            [("arguments", f"{M}/1/tool_calls/0/function/arguments")],
        ),
        (
            [USER, calling(call(arguments={"a": 1})), result(), ANSWER],
            [("schema", f"{M}/1/tool_calls/0/function/arguments")],
        ),
        (
            [USER, calling(call(name="two words")), result(), ANSWER],
            [("schema", f"{M}/1/tool_calls/0/function/name")],
        ),
        ([USER | {"content": [IMAGE] * 12}, ANSWER], [("images", f"{M}/0/content/10")]),
        (
            [
                USER
                | {
                    "content": [
                        {"type": "image_url", "image_url": {"url": "data:image/gif;base64,AAAA"}}
                    ]
                },
                ANSWER,
            ],
            [("schema", f"{M}/0/content/0/image_url/url")],
        ),
    ],
)
def test_broken_lines_are_refused_at_their_place(messages: Any, expected: Any) -> None:
    assert broken(messages) == expected


def test_an_image_of_more_bytes_than_are_taken() -> None:
    url = "data:image/png;base64," + "A" * 13_400_000
    image = {"type": "image_url", "image_url": {"url": url}}
    found = broken([USER | {"content": [image]}, ANSWER])
    assert found == [("image-bytes", f"{M}/0/content/0/image_url/url")]


@pytest.mark.parametrize(
    ("more", "pointer"),
    [
        ({"tools": []}, "/tools"),
        ({"tools": [{"type": "function", "function": {"name": "a b"}}]}, "/tools/0/function/name"),
        ({"tools": [{"type": "function", "function": {}}]}, "/tools/0/function"),
        ({"parallel_tool_calls": 1}, "/parallel_tool_calls"),
        ({"answer": 4}, ""),
    ],
)
def test_what_stands_beside_the_messages(more: dict[str, Any], pointer: str) -> None:
    assert broken([USER, ANSWER], **more) == [("schema", pointer)]


def test_reasons_are_for_people() -> None:
    line = json.dumps({"messages": [USER, calling(call(name="two words"))]}).encode()
    (problem,) = openai.check(line)
    assert problem.reason == "is no name of 1 to 64 letters, digits, _ and -"
