"""TRL's line of a conversation: word for word, every rule broken once, nothing lost."""

import json
from typing import Any

import pytest
from hypothesis import given

from pipeline.formats import Fitted, Unfit, fit, get_format
from pipeline.records import ChatRecord, Message, TextPart, Tool, ToolCall
from tests.formats.drawing import chats
from tests.formats.lines import broken, mutated
from tests.formats.trl_lines import ASKED, CALLED, DONE, LIGHT, called, in_string

trl = get_format("trl")
RESULT = {"role": "tool", "name": "control_light", "content": "On."}
SYSTEM = {"role": "system", "content": "Be brief."}
GOOD: list[dict[str, Any]] = [
    {"messages": [ASKED, DONE]},
    {"messages": CALLED, "tools": [LIGHT]},
    {"messages": [SYSTEM, ASKED, DONE | {"thinking": "Deep."}]},
    {"messages": CALLED, "tools": in_string(LIGHT), "source": "home", "chat_template_kwargs": {}},
    {"messages": [ASKED, ASKED, DONE | {"reasoning_content": ""}], "tools": None},
    {"messages": [ASKED | {"name": "ann"}, called()], "tools": "null"},
    {
        "messages": [
            ASKED,
            called(id="a") | {"content": ""},
            RESULT | {"tool_call_id": "a"},
            called(id="a"),
            RESULT,
            DONE,
        ]
    },
    {
        "messages": [
            ASKED,
            called({"n": -(2**63), "m": 2**64 - 1, "x": 0.7, "y": 1e300}),
            RESULT,
            DONE,
        ]
    },
]
"""Lines as TRL's page shows them, and more that it trains on."""
M = "/messages"


def test_the_line_word_for_word() -> None:
    record = ChatRecord(
        messages=(
            Message("system", "You keep the stock."),
            Message("user", "Left?"),
            Message("assistant", None, (ToolCall("call_1", "count", {"z": 1, "a": ["ü"]}),)),
            Message("tool", "3", tool_call_id="call_1", name="count"),
            Message("assistant", "Three.", reasoning="Hm."),
        ),
        tools=(Tool("count", {"type": "object"}, "Counts parts"),),
    )
    tools = (
        '[{"type":"function","function":{"name":"count","description":"Counts parts",'
        '"parameters":{"type":"object"}}}]'
    )
    assert json.loads(trl.encode(record)) == {
        "messages": [
            {"role": "system", "content": "You keep the stock."},
            {"role": "user", "content": "Left?"},
            {
                "role": "assistant",
                "tool_calls": [
                    {
                        "id": "call_1",
                        "type": "function",
                        "function": {"name": "count", "arguments": {"z": 1, "a": ["ü"]}},
                    }
                ],
            },
            {"role": "tool", "content": "3", "name": "count", "tool_call_id": "call_1"},
            {"role": "assistant", "content": "Three.", "reasoning_content": "Hm."},
        ],
        "tools": tools,
    }


@pytest.mark.parametrize("line", GOOD)
def test_accepted_lines(line: Any) -> None:
    assert broken(trl, line) == []
    again = trl.encode(trl.decode(json.dumps(line).encode()))
    assert trl.check(again) == ()
    assert trl.decode(again) == trl.decode(json.dumps(line).encode())


def test_calls_without_ids_get_some_and_results_find_theirs_by_name_or_place() -> None:
    two = called()
    two["tool_calls"].append({"function": {"name": "other", "arguments": {}}})
    line = {
        "messages": [
            ASKED,
            two,
            {"role": "tool", "name": "other", "content": "first"},
            {"role": "tool", "content": "second"},
            called(id="call_1"),
            RESULT | {"tool_call_id": "call_1"},
            DONE,
        ]
    }
    assert broken(trl, line) == []
    _, calls, first, second, third, fourth, _ = trl.decode(json.dumps(line).encode()).messages
    assert [call.id for call in calls.tool_calls] == ["call_2", "call_3"]
    assert (first.tool_call_id, first.name) == ("call_3", "other")
    assert (second.tool_call_id, second.name) == ("call_2", "control_light")
    assert third.tool_calls[0].id == fourth.tool_call_id == "call_1"


def test_reasoning_is_read_by_both_its_names() -> None:
    for name in ("thinking", "reasoning_content"):
        line = json.dumps({"messages": [ASKED, DONE | {name: "Deep."}]}).encode()
        assert trl.decode(line).messages[-1].reasoning == "Deep."


@pytest.mark.parametrize(
    ("messages", "expected"),
    [
        ("x", [("schema", M)]),
        ([], [("schema", M)]),
        ([ASKED, DONE, ASKED], [("last-message", f"{M}/2/role")]),
        ([ASKED | {"role": "developer"}, DONE], [("schema", f"{M}/0/role")]),
        ([{"content": "q"}, DONE], [("schema", f"{M}/0")]),
        ([{"role": "user"}, DONE], [("schema", f"{M}/0")]),
        ([ASKED, DONE | {"content": None}], [("schema", f"{M}/1/content")]),
        (
            [ASKED | {"content": [{"type": "text", "text": "q"}]}, DONE],
            [("schema", f"{M}/0/content")],
        ),
        ([ASKED, {"role": "assistant"}], [("schema", f"{M}/1")]),
        ([ASKED, DONE | {"weight": 1}], [("schema", f"{M}/1/weight")]),
        ([ASKED | {"weight": 0}, DONE], [("schema", f"{M}/0")]),
        ([ASKED, DONE | {"tool_calls": []}], [("schema", f"{M}/1/tool_calls")]),
        ([ASKED, DONE | {"tool_calls": None}], [("schema", f"{M}/1/tool_calls")]),
        ([ASKED, DONE | {"thinking": "a", "reasoning_content": "b"}], [("schema", f"{M}/1")]),
        (
            [ASKED, called('{"room":"living room"}'), RESULT, DONE],
            [("schema", f"{M}/1/tool_calls/0/function/arguments")],
        ),
        ([ASKED, called(type="code"), RESULT, DONE], [("schema", f"{M}/1/tool_calls/0/type")]),
        ([ASKED, DONE, SYSTEM, ASKED, DONE], [("system-first", f"{M}/2/role")]),
        ([SYSTEM, SYSTEM, ASKED, DONE], [("system-first", f"{M}/1/role")]),
        ([ASKED, RESULT, DONE], [("orphan-result", f"{M}/1/name")]),
        ([ASKED, {"role": "tool", "content": "On."}, DONE], [("orphan-result", f"{M}/1")]),
        (
            [ASKED, called(), RESULT | {"tool_call_id": "b"}, DONE],
            [
                ("orphan-result", f"{M}/2/tool_call_id"),
                ("call-without-result", f"{M}/1/tool_calls/0"),
            ],
        ),
        ([ASKED, called(), DONE], [("call-without-result", f"{M}/1/tool_calls/0")]),
        (
            [ASKED, called(), ASKED],
            [("last-message", f"{M}/2/role"), ("call-without-result", f"{M}/1/tool_calls/0")],
        ),
        (
            [
                ASKED,
                {"role": "assistant", "tool_calls": called(id="a")["tool_calls"] * 2},
                RESULT,
                RESULT,
                DONE,
            ],
            [("call-id", f"{M}/1/tool_calls/1/id")],
        ),
        (
            [ASKED, called(id="a"), RESULT | {"name": "other", "tool_call_id": "a"}, DONE],
            [("result-name", f"{M}/2/name")],
        ),
        (
            [ASKED, called({"a": [{"b/c": 2**64}]}), RESULT, DONE],
            [("number", f"{M}/1/tool_calls/0/function/arguments/a/0/b~1c")],
        ),
        (
            [ASKED, called({"a": 1.5e-10}), RESULT, DONE],
            [("number", f"{M}/1/tool_calls/0/function/arguments/a")],
        ),
    ],
)
def test_broken_lines_are_refused_at_their_place(messages: Any, expected: Any) -> None:
    assert broken(trl, {"messages": messages}) == expected


@pytest.mark.parametrize(
    ("column", "value", "rule", "pointer"),
    [
        ("tools", [], "schema", "/tools"),
        ("tools", [{"name": "control_light"}], "schema", "/tools/0"),
        ("tools", 1, "schema", "/tools"),
        ("tools", "[]", "tools", "/tools"),
        ("tools", "control_light", "tools", "/tools"),
        ("tools", '{"a":1}', "tools", "/tools"),
        ("tools", in_string({"type": "function", "function": {}}), "tools", "/tools"),
        ("images", ["https://x.y/a.png"], "schema", "/images"),
        ("image", None, "schema", "/image"),
        ("prompt", "q", "schema", "/prompt"),
        ("input_ids", [1], "schema", "/input_ids"),
        ("chat_template_kwargs", None, "schema", "/chat_template_kwargs"),
    ],
)
def test_what_stands_beside_the_messages(column: str, value: Any, rule: str, pointer: str) -> None:
    assert {*broken(trl, {"messages": [ASKED, DONE], column: value})} == {(rule, pointer)}


def test_a_place_in_a_string_of_tools_is_told() -> None:
    function = {"description": "", "parameters": {}}
    tools = in_string({"type": "function", "function": function})
    line = {"messages": [ASKED, DONE], "tools": tools}
    (problem,) = trl.check(json.dumps(line).encode())
    assert problem.reason == "/0/function in the string 'name' is a required property"


@pytest.mark.parametrize("key", ["description", "parameters"])
def test_a_tool_on_which_a_template_fails_is_refused(key: str) -> None:
    function = {one: value for one, value in LIGHT["function"].items() if one != key}
    line = {"messages": [ASKED, DONE], "tools": [{"type": "function", "function": function}]}
    assert broken(trl, line) == [("schema", "/tools/0/function")]


def test_a_tool_without_a_description_gets_an_empty_one() -> None:
    fitted = fit(
        ChatRecord((Message("user", "?"), Message("assistant", "!")), (Tool("t", {}),)), trl.carries
    )
    assert isinstance(fitted, Fitted)
    assert fitted.record.tools == (Tool("t", {}, ""),)
    assert fitted.rewrites == ("empty_descriptions_added",)


def test_texts_in_parts_are_joined_and_a_weight_is_refused() -> None:
    parts = ChatRecord(
        (Message("user", (TextPart("Which "), TextPart("gear?"))), Message("assistant", "Two."))
    )
    fitted = fit(parts, trl.carries)
    assert isinstance(fitted, Fitted)
    assert json.loads(trl.encode(fitted.record))["messages"][0]["content"] == "Which gear?"
    untrained = ChatRecord((Message("user", "Hm?"), Message("assistant", "Hm.", weight=0)))
    assert isinstance(fit(untrained, trl.carries), Unfit)


@given(chats())
def test_what_fits_survives_the_way_there_and_back(record: ChatRecord) -> None:
    fitted = fit(record, trl.carries)
    if isinstance(fitted, Fitted):
        line = trl.encode(fitted.record)
        assert trl.check(line) == ()
        assert trl.decode(line) == fitted.record


@given(mutated(GOOD))
def test_every_accepted_line_can_be_read(line: Any) -> None:
    data = json.dumps(line).encode()
    if not trl.check(data):
        again = trl.encode(trl.decode(data))
        assert trl.check(again) == ()
        assert trl.decode(again) == trl.decode(data)
