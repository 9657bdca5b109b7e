"""The Together line: what it has beside OpenAI's, and every rule of it broken once."""

import json
from typing import Any

import pytest
from hypothesis import given

from pipeline.formats import Fitted, Unfit, fit, get_format
from pipeline.records import ChatRecord, ImagePart, Message, TextPart, Tool, ToolCall
from tests.formats.drawing import chats
from tests.formats.lines import ANSWER, USER, broken, call, calling, image, mutated, result, tool

together = get_format("together")


def text(words: str) -> list[dict[str, Any]]:
    return [{"type": "text", "text": words}]


SYSTEM = {"role": "system", "content": "You are brief."}
SEEN = USER | {"content": [*text("How many?"), image()]}
TOLD = ANSWER | {"content": text("Seven.")}
PAGE = [
    {"messages": [SYSTEM, USER, ANSWER, USER, ANSWER]},
    {"messages": [USER | {"weight": 0}, ANSWER | {"weight": 1}]},
    {"messages": [USER | {"weight": 0}, ANSWER | {"weight": 1}], "weight": 0.9},
    {
        "messages": [USER, calling(call()), {"role": "tool", "content": '{"temperature":"65"}'}],
        "tools": [tool()],
    },
    {"messages": [USER, {"role": "assistant", "reasoning": "Hm.", "content": "Two."}]},
    {"messages": [SYSTEM | {"content": text("Look.")}, SEEN, TOLD]},
]
"""Lines in every shape that Together's pages show."""
MORE = [
    {"messages": [USER, ANSWER | {"reasoning_content": "Hm."}, USER, ANSWER, USER]},
    {"messages": [USER, calling(call(), content=None), result(), ANSWER], "tools": []},
    {"messages": [USER, calling(call(), call("c2"), content=""), result("c2"), result(), ANSWER]},
    {"messages": [SEEN | {"weight": 0}, calling(call(), content="")], "weight": 0},
    {"messages": [USER | {"name": "Ann"}, ANSWER], "tools": [tool(name="two words", strict=True)]},
]
M = "/messages"


def test_the_line_word_for_word() -> None:
    record = ChatRecord(
        (
            Message("system", (TextPart("Look."),), weight=0),
            Message("user", (TextPart("Broken?"), ImagePart("image/webp", "AAAA")), weight=0),
            Message("assistant", None, (ToolCall("c1", "look", {"at": "it"}),), weight=0),
            Message("tool", (TextPart("Seen."),), tool_call_id="c1", name="look", weight=0),
            Message("assistant", (TextPart("Yes."),), reasoning="Hm.", weight=1),
        ),
        (Tool("look", {"type": "object"}, "Looks"),),
        weight=2.0,
    )
    assert json.loads(together.encode(record)) == {
        "messages": [
            {"role": "system", "content": text("Look."), "weight": 0},
            {
                "role": "user",
                "content": [*text("Broken?"), image("data:image/webp;base64,AAAA")],
                "weight": 0,
            },
            calling(call(name="look", arguments='{"at":"it"}'), weight=0),
            result(content=text("Seen.")) | {"weight": 0},
            {
                "role": "assistant",
                "content": text("Yes."),
                "weight": 1,
                "reasoning_content": "Hm.",
            },
        ],
        "tools": [
            {
                "type": "function",
                "function": {
                    "name": "look",
                    "description": "Looks",
                    "parameters": {"type": "object"},
                },
            }
        ],
        "weight": 2.0,
    }
    assert together.check(together.encode(record)) == ()


@pytest.mark.parametrize("line", PAGE + MORE)
def test_accepted_lines(line: Any) -> None:
    assert broken(together, line) == []
    again = together.decode(json.dumps(line).encode())
    assert together.check(together.encode(again)) == ()


def test_both_words_for_reasoning_are_read() -> None:
    for word in ("reasoning", "reasoning_content"):
        line = {"messages": [USER, ANSWER | {word: "Hm."}]}
        assert together.decode(json.dumps(line).encode()).messages[1].reasoning == "Hm."


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"messages": []}, [("schema", M)]),
        ({"messages": [USER, ANSWER], "parallel_tool_calls": True}, [("schema", "")]),
        ({"messages": [USER, ANSWER], "weight": -0.5}, [("schema", "/weight")]),
        ({"messages": [ANSWER, USER, ANSWER]}, [("first-message", f"{M}/0/role")]),
        ({"messages": [SYSTEM, ANSWER]}, [("first-message", f"{M}/1/role")]),
        ({"messages": [USER, USER, ANSWER]}, [("alternation", f"{M}/1/role")]),
        ({"messages": [USER, ANSWER, ANSWER]}, [("alternation", f"{M}/2/role")]),
        ({"messages": [SYSTEM, SYSTEM, USER, ANSWER]}, [("system-first", f"{M}/1/role")]),
        ({"messages": [USER]}, [("nothing-to-train", M)]),
        ({"messages": [USER, ANSWER | {"weight": 0}]}, [("nothing-to-train", M)]),
        ({"messages": [USER, ANSWER | {"weight": 1.0}]}, [("weight", f"{M}/1/weight")]),
        ({"messages": [USER, ANSWER | {"weight": 0.5}]}, [("schema", f"{M}/1/weight")]),
        ({"messages": [USER, ANSWER | {"weight": True}]}, [("schema", f"{M}/1/weight")]),
        ({"messages": [SEEN | {"weight": 1}, TOLD]}, [("image-weight", f"{M}/0/weight")]),
        ({"messages": [SEEN, ANSWER]}, [("mixed-content", f"{M}/1/content")]),
        ({"messages": [USER, TOLD]}, [("mixed-content", f"{M}/1/content")]),
        ({"messages": [USER | {"content": ""}, TOLD]}, [("mixed-content", f"{M}/1/content")]),
        (
            {"messages": [USER | {"content": [image()] * 11}, TOLD]},
            [("images", f"{M}/0/content/10")],
        ),
        (
            {"messages": [USER, ANSWER | {"reasoning": "a", "reasoning_content": "b"}]},
            [("schema", f"{M}/1")],
        ),
        ({"messages": [USER | {"reasoning": "Hm."}, ANSWER]}, [("schema", f"{M}/0")]),
        ({"messages": [USER | {"role": "developer"}, ANSWER]}, [("schema", f"{M}/0/role")]),
        ({"messages": [USER | {"content": None}, ANSWER]}, [("schema", f"{M}/0/content")]),
        ({"messages": [USER, ANSWER | {"content": None}]}, [("schema", f"{M}/1")]),
        ({"messages": [USER, result(), ANSWER]}, [("orphan-result", f"{M}/1/tool_call_id")]),
        (
            {"messages": [USER, calling(call()), USER, ANSWER]},
            [("call-without-result", f"{M}/1/tool_calls/0")],
        ),
        (
            {"messages": [USER, calling(call(), call()), result()]},
            [("call-id", f"{M}/1/tool_calls/1/id")],
        ),
        (
            {"messages": [USER, calling(call(arguments="1"))]},
            [("arguments", f"{M}/1/tool_calls/0/function/arguments")],
        ),
        *(
            (
                {"messages": [USER | {"content": [image(url)]}, TOLD]},
                [("schema", f"{M}/0/content/0/image_url/url")],
            )
            for url in ("https://x.example/a.png", "data:image/gif;base64,AAAA")
        ),
        (
            {"messages": [SEEN, ANSWER | {"content": [image()]}]},
            [("schema", f"{M}/1/content/0/type")],
        ),
    ],
)
def test_broken_lines_are_refused_at_their_place(line: Any, expected: Any) -> None:
    assert broken(together, line) == expected


def test_an_image_of_more_bytes_than_are_taken() -> None:
    url = "data:image/png;base64," + "A" * 14_000_000
    found = broken(together, {"messages": [USER | {"content": [image(url)]}, TOLD]})
    assert found == [("image-bytes", f"{M}/0/content/0/image_url/url")]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ({"prompt": "2+2=", "completion": "4"}, "has no messages"),
        ({"text": "Words."}, "has no messages"),
        (
            {"input": {"messages": [USER]}, "preferred_output": [], "non_preferred_output": []},
            "preferences are together-dpo",
        ),
        ({"messages": [USER, ANSWER], "text": "Words."}, "of no shape or of two"),
        ([], "has no messages"),
    ],
)
def test_the_other_shapes_are_told_apart_in_one_sentence(line: Any, said: str) -> None:
    (problem,) = together.check(json.dumps(line).encode())
    assert (problem.rule, problem.pointer) == ("schema", "")
    assert said in problem.reason


def test_the_weight_of_an_example_and_types_of_images_have_their_place() -> None:
    for kind, fate in (("webp", Fitted), ("gif", Unfit)):
        seen = Message("user", (ImagePart(f"image/{kind}", "AAAA"),))
        record = ChatRecord((seen, Message("assistant", (TextPart("Yes."),))), weight=0.5)
        fitted = fit(record, together.carries)
        assert isinstance(fitted, fate)
        if isinstance(fitted, Fitted):
            assert fitted == Fitted(record, ())


@given(chats())
def test_what_fits_survives_the_way_there_and_back(record: ChatRecord) -> None:
    fitted = fit(record, together.carries)
    if isinstance(fitted, Fitted):
        line = together.encode(fitted.record)
        found = {problem.rule for problem in together.check(line)}
        assert found <= {"alternation", "nothing-to-train", "image-weight", "images"}
        assert together.decode(line) == fitted.record


@given(mutated(PAGE + MORE))
def test_every_accepted_line_can_be_read(line: Any) -> None:
    data = json.dumps(line).encode()
    if not together.check(data):
        assert together.check(together.encode(together.decode(data))) == ()
