"""The Mistral line: what it has beside OpenAI's, and every rule of it broken once."""

import json
from typing import Any

import pytest
from hypothesis import given

from pipeline.formats import Fitted, Unfit, fit, get_format
from pipeline.records import ChatRecord, ImagePart, Message, TextPart, Tool, ToolCall
from tests.formats.drawing import chats
from tests.formats.lines import ANSWER, USER, broken, call, calling, image, mutated, result, tool

mistral = get_format("mistral")
SYSTEM = {"role": "system", "content": "You are brief."}
A, B = "TX92Jm8Zi", "3XhQnxLsT"
TOOLS = {"tools": [tool()]}
BARE = {"type": "image_url", "image_url": "data:image/jpeg;base64,AAAA"}


def seen(*parts: Any) -> dict[str, Any]:
    return USER | {"content": [*parts, {"type": "text", "text": "Broken?"}]}


PAGE = [
    {"messages": [USER, ANSWER, USER, ANSWER]},
    {"messages": [seen(BARE), ANSWER, seen(BARE), ANSWER]},
    {
        "messages": [
            SYSTEM,
            USER,
            calling(call(A, arguments='{"word":"listen"}')),
            result(A, '{"anagram":"silent"}'),
            ANSWER,
            USER,
            calling(call(B)),
        ],
        **TOOLS,
    },
]
"""Lines in every shape that Mistral's page shows."""
MORE = [
    {"messages": [USER, ANSWER, USER, ANSWER | {"weight": 0}, USER, ANSWER | {"weight": 1}]},
    {"messages": [USER, USER, ANSWER, ANSWER], "tools": []},
    {"messages": [seen(image("https://x.example/a.png")), ANSWER]},
    {
        "messages": [
            USER,
            calling(call(A), call(B), content=None, weight=0),
            result(B) | {"name": "count"},
            result(A, [{"type": "text", "text": "3"}]),
            ANSWER,
        ],
        "tools": [tool(strict=True, parameters={})],
    },
]
M = "/messages"


def test_the_line_word_for_word() -> None:
    record = ChatRecord(
        (
            Message("user", (ImagePart("image/png", "AAAA"), TextPart("Broken?"))),
            Message("assistant", None, (ToolCall(A, "count", {"n": 1}),), weight=0),
            Message("tool", "3", tool_call_id=A, name="count"),
            Message("assistant", "Yes.", weight=1),
        ),
        (Tool("count", {"type": "object"}, ""),),
    )
    line = mistral.encode(record)
    assert json.loads(line) == {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "image_url", "image_url": "data:image/png;base64,AAAA"},
                    {"type": "text", "text": "Broken?"},
                ],
            },
            calling(call(A, arguments='{"n":1}'), weight=0),
            result(A),
            {"role": "assistant", "content": "Yes.", "weight": 1},
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "count",
                    "description": "",
                    "parameters": {"type": "object"},
                },
            }
        ],
    }
    assert mistral.check(line) == ()
    assert mistral.decode(line) == record


@pytest.mark.parametrize("line", PAGE + MORE)
def test_accepted_lines(line: Any) -> None:
    assert broken(mistral, line) == []
    again = fit(mistral.decode(json.dumps(line).encode()), mistral.carries)
    assert isinstance(again, Fitted)
    assert mistral.check(mistral.encode(again.record)) == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"interactions": [USER, ANSWER]}, [("schema", ""), ("schema", "")]),
        ({"messages": []}, [("schema", M)]),
        ({"messages": [USER, ANSWER], "weight": 1}, [("schema", "")]),
        ({"messages": [USER, SYSTEM, ANSWER]}, [("system-first", f"{M}/1/role")]),
        ({"messages": [SYSTEM, SYSTEM, USER, ANSWER]}, [("system-first", f"{M}/1/role")]),
        ({"messages": [SYSTEM, ANSWER]}, [("no-user-turn", M)]),
        (
            {"messages": [calling(call(A)), result(A), ANSWER, USER, ANSWER], **TOOLS},
            [("first-call", f"{M}/0/tool_calls")],
        ),
        ({"messages": [USER, ANSWER, USER]}, [("last-message", f"{M}/2/role")]),
        ({"messages": [USER, ANSWER | {"weight": 0}]}, [("nothing-to-train", M)]),
        ({"messages": [USER | {"weight": 0}, ANSWER]}, [("schema", f"{M}/0")]),
        ({"messages": [USER | {"name": "Ann"}, ANSWER]}, [("schema", f"{M}/0")]),
        ({"messages": [USER, ANSWER | {"weight": 0.5}]}, [("schema", f"{M}/1/weight")]),
        ({"messages": [USER, ANSWER | {"content": ""}]}, [("schema", f"{M}/1/content")]),
        ({"messages": [USER, ANSWER | {"content": None}]}, [("schema", f"{M}/1")]),
        (
            {"messages": [USER, calling(call(A), content="Wait.")], **TOOLS},
            [("schema", f"{M}/1")],
        ),
        (
            {"messages": [USER, calling(call("call_1"))], **TOOLS},
            [("schema", f"{M}/1/tool_calls/0/id")],
        ),
        (
            {"messages": [USER, calling(call(A)), result("c1"), ANSWER], **TOOLS},
            [("schema", f"{M}/2/tool_call_id")],
        ),
        (
            {"messages": [USER, calling(call(A)), result(B), ANSWER], **TOOLS},
            [
                ("orphan-result", f"{M}/2/tool_call_id"),
                ("call-without-result", f"{M}/1/tool_calls/0"),
            ],
        ),
        (
            {"messages": [USER, calling(call(A), call(A)), result(A), ANSWER], **TOOLS},
            [("call-id", f"{M}/1/tool_calls/1/id")],
        ),
        (
            {"messages": [USER, calling(call(A, arguments="no")), result(A), ANSWER], **TOOLS},
            [("arguments", f"{M}/1/tool_calls/0/function/arguments")],
        ),
        (
            {"messages": [USER, calling(call(A)), result(A), USER, ANSWER], **TOOLS},
            [("result-unanswered", f"{M}/3/role")],
        ),
        (
            {"messages": [USER, calling(call(A, name="other"))], **TOOLS},
            [("tool-not-offered", f"{M}/1/tool_calls/0/function/name")],
        ),
        (
            {"messages": [USER, ANSWER], "tools": [tool(parameters={"type": "int"})]},
            [("parameters", "/tools/0/function/parameters/type")],
        ),
        (
            {"messages": [USER, ANSWER], "tools": [tool(parameters={"$schema": 7})]},
            [("schema", "/tools/0/function/parameters/$schema")],
        ),
        (
            {"messages": [USER, ANSWER], "tools": [tool(description=None)]},
            [("schema", "/tools/0/function/description")],
        ),
        (
            {"messages": [seen(BARE | {"image_url": "a.png"}), ANSWER]},
            [("schema", f"{M}/0/content/0/image_url")],
        ),
        (
            {"messages": [seen(image("gs://x/a.png")), ANSWER]},
            [("schema", f"{M}/0/content/0/image_url/url")],
        ),
    ],
)
def test_broken_lines_are_refused_at_their_place(line: Any, expected: Any) -> None:
    assert broken(mistral, line) == expected


def test_parameters_that_are_no_schema_are_told_where_however_deep() -> None:
    schema: dict[str, Any] = {"type": "int"}
    for _ in range(300):
        schema = {"not": schema}
    line = {"messages": [USER, ANSWER], "tools": [tool(parameters=schema)]}
    (problem,) = mistral.check(json.dumps(line).encode())
    assert problem.pointer == f"/tools/0/function/parameters{'/not' * 300}/type"
    assert problem.reason.startswith("is no JSON Schema")


def test_ids_and_descriptions_are_made_to_fit() -> None:
    record = ChatRecord(
        (
            Message("user", "?"),
            Message("assistant", "", (ToolCall("call_1", "count", {}),)),
            Message("tool", "3", tool_call_id="call_1", name="count"),
            Message("assistant", (TextPart("Thr"), TextPart("ee."))),
        ),
        (Tool("count", {}),),
    )
    fitted = fit(record, mistral.carries)
    assert isinstance(fitted, Fitted)
    assert mistral.check(mistral.encode(fitted.record)) == ()
    assert set(fitted.rewrites) == {
        "parts_joined",
        "empty_texts_dropped",
        "calls_renamed",
        "empty_descriptions_added",
    }
    again = fit(fitted.record, mistral.carries)
    assert again == Fitted(fitted.record, ())


def test_text_beside_a_call_has_no_place() -> None:
    beside = Message("assistant", "Wait.", (ToolCall(A, "count", {}),))
    record = ChatRecord((Message("user", "?"), beside))
    assert fit(record, mistral.carries) == Unfit("takes no text beside a tool call")


@given(chats())
def test_what_fits_survives_the_way_there_and_back(record: ChatRecord) -> None:
    fitted = fit(record, mistral.carries)
    if isinstance(fitted, Fitted):
        line = mistral.encode(fitted.record)
        found = {problem.rule for problem in mistral.check(line)}
        assert found <= {"nothing-to-train", "tool-not-offered"}
        assert mistral.decode(line) == fitted.record


@given(mutated(PAGE + MORE))
def test_every_accepted_line_can_be_read(line: Any) -> None:
    data = json.dumps(line).encode()
    if not mistral.check(data):
        fitted = fit(mistral.decode(data), mistral.carries)
        assert isinstance(fitted, Fitted)
        assert mistral.check(mistral.encode(fitted.record)) == ()
