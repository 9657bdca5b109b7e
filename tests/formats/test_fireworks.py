"""The Fireworks line: what it has beside OpenAI's, and every rule of it broken once."""

import json
from typing import Any

import pytest
from hypothesis import given

from pipeline.formats import Fitted, Unfit, fit, get_format
from pipeline.records import ChatRecord, ImagePart, Message, TextPart
from tests.formats.drawing import chats
from tests.formats.lines import (
    ANSWER,
    USER,
    broken,
    call,
    calling,
    image,
    mutated,
    result,
    tool,
)

fireworks = get_format("fireworks")
PAGE = [
    {"messages": [{"role": "system", "content": "You are brief."}, USER, ANSWER]},
    {"messages": [USER, ANSWER | {"weight": 0}, USER, ANSWER]},
    {
        "messages": [
            USER | {"content": [{"type": "text", "text": "Which "}, {"type": "text", "text": "?"}]},
            ANSWER | {"content": [{"type": "text", "text": "2"}], "weight": 0},
            USER,
            ANSWER | {"reasoning_content": "Hm."},
        ],
        "weight": 0.5,
    },
    {
        "tools": [tool(parameters={"trimid": {"type": "int", "default": ""}})],
        "messages": [
            USER,
            calling({"type": "function", "function": {"name": "count", "arguments": '{"n":1}'}}),
        ],
    },
    {"messages": [USER | {"content": [{"type": "text", "text": "?"}, image()]}, ANSWER]},
]
"""Lines in every shape that Fireworks' page shows."""
MORE = [
    {"messages": [USER | {"weight": 0, "name": "Ann"}, ANSWER | {"weight": 1}], "weight": -1},
    {
        "messages": [
            USER,
            calling(call(), call("c2"), content="Wait."),
            result("c2"),
            result(),
            ANSWER,
        ],
        "tools": [],
        "parallel_tool_calls": True,
    },
]
M = "/messages"


def test_the_line_word_for_word() -> None:
    record = ChatRecord(
        (
            Message("user", (TextPart("Broken?"), ImagePart("image/png", "AAAA")), weight=0),
            Message("assistant", "Yes.", reasoning="Hm.", weight=1),
        ),
        parallel_tool_calls=False,
        weight=0.5,
    )
    assert json.loads(fireworks.encode(record)) == {
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Broken?"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                ],
                "weight": 0,
            },
            {"role": "assistant", "content": "Yes.", "weight": 1, "reasoning_content": "Hm."},
        ],
        "parallel_tool_calls": False,
        "weight": 0.5,
    }


@pytest.mark.parametrize("line", PAGE + MORE)
def test_accepted_lines(line: Any) -> None:
    assert broken(fireworks, line) == []
    again = fireworks.decode(json.dumps(line).encode())
    assert fireworks.check(fireworks.encode(again)) == ()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"prompt": "a", "completion": "b"}, [("schema", ""), ("schema", "")]),
        ({"messages": []}, [("schema", M)]),
        ({"messages": [USER, ANSWER], "answer": 4}, [("schema", "")]),
        ({"messages": [USER, ANSWER], "weight": "1"}, [("schema", "/weight")]),
        (
            {"messages": [USER, {"role": "system", "content": "x"}, ANSWER]},
            [("system-first", f"{M}/1/role")],
        ),
        ({"messages": [USER, ANSWER, USER]}, [("last-message", f"{M}/2/role")]),
        ({"messages": [USER, ANSWER | {"weight": 0}]}, [("nothing-to-train", M)]),
        ({"messages": [USER | {"weight": 0.5}, ANSWER]}, [("schema", f"{M}/0/weight")]),
        ({"messages": [USER | {"role": "developer"}, ANSWER]}, [("schema", f"{M}/0/role")]),
        ({"messages": [USER, ANSWER | {"reasoning": "Hm."}]}, [("schema", f"{M}/1")]),
        ({"messages": [USER | {"reasoning_content": "Hm."}, ANSWER]}, [("schema", f"{M}/0")]),
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
            {"messages": [USER, calling(call(arguments="1"))]},
            [("arguments", f"{M}/1/tool_calls/0/function/arguments")],
        ),
        (
            {"messages": [USER, calling(call(arguments={}))]},
            [("schema", f"{M}/1/tool_calls/0/function/arguments")],
        ),
        *(
            (
                {"messages": [USER | {"content": [image(url)]}, ANSWER]},
                [("schema", f"{M}/0/content/0/image_url/url")],
            )
            for url in ("https://x.example/a.png", "data:image/webp;base64,AAAA", "AAAA")
        ),
        (
            {"messages": [USER, ANSWER | {"content": [image()]}]},
            [("schema", f"{M}/1/content/0/type")],
        ),
    ],
)
def test_broken_lines_are_refused_at_their_place(line: Any, expected: Any) -> None:
    assert broken(fireworks, line) == expected


@pytest.mark.parametrize(
    ("weights", "expected"),
    [
        ([None, None], []),
        ([1, 0.5], []),
        ([None, 1, None], [("example-weights", "/weight")]),
        ([1, None, 2], [("example-weights", "")]),
    ],
)
def test_every_example_of_a_file_has_a_weight_or_none_has(weights: Any, expected: Any) -> None:
    assert fireworks.across is not None
    judge = fireworks.across()
    lines: list[dict[str, Any]] = [{} if one is None else {"weight": one} for one in weights]
    found = [problem for line in lines for problem in judge(line)]
    assert [(problem.rule, problem.pointer) for problem in found] == expected
    assert all(fireworks.rule(problem.rule).source for problem in found)


def test_the_weight_of_an_example_and_types_of_images_have_their_place() -> None:
    for kind, fate in (("jpg", Fitted), ("webp", Unfit)):
        seen = Message("user", (ImagePart(f"image/{kind}", "AAAA", detail="low"),))
        record = ChatRecord((seen, Message("assistant", "Yes.")), weight=0.5)
        fitted = fit(record, fireworks.carries)
        assert isinstance(fitted, fate)
        if isinstance(fitted, Fitted):
            line = json.loads(fireworks.encode(fitted.record))
            assert line["weight"] == 0.5
            assert line["messages"][0]["content"][0]["image_url"]["detail"] == "low"
            assert fitted.rewrites == ("image_types_told",)


@given(chats())
def test_what_fits_survives_the_way_there_and_back(record: ChatRecord) -> None:
    fitted = fit(record, fireworks.carries)
    if isinstance(fitted, Fitted):
        line = fireworks.encode(fitted.record)
        assert fireworks.check(line) == () or "nothing-to-train" in str(fireworks.check(line))
        assert fireworks.decode(line) == fitted.record


@given(mutated(PAGE + MORE))
def test_every_accepted_line_can_be_read(line: Any) -> None:
    data = json.dumps(line).encode()
    if not fireworks.check(data):
        assert fireworks.check(fireworks.encode(fireworks.decode(data))) == ()
