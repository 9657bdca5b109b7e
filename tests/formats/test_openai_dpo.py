"""OpenAI's preference: the line word for word, and every rule of it broken once."""

import json
from typing import Any

import pytest
from hypothesis import given

from pipeline.formats import Fitted, Unfit, fit, get_format
from pipeline.records import Message, PreferenceRecord, Tool, ToolCall
from tests.formats.drawing import preferences
from tests.formats.lines import ANSWER, USER, broken, call, calling, image, mutated, result, tool

dpo = get_format("openai-dpo")
WORSE = {"role": "assistant", "content": "Any."}


def line(messages: Any, better: Any = ANSWER, worse: Any = WORSE, **beside: Any) -> dict[str, Any]:
    return {
        "input": {"messages": messages, **beside},
        "preferred_output": [better],
        "non_preferred_output": [worse],
    }


GOOD = [
    line([USER], tools=[], parallel_tool_calls=True),
    line([{"role": "system", "content": "Be brief."}, USER, ANSWER | {"weight": 0}, USER]),
    line([USER, calling(call()), result()], tools=[tool()]),
    line([USER], calling(call()), calling(call("c2"), content="Wait."), tools=[tool()]),
    line([USER | {"content": [{"type": "text", "text": "This?"}], "name": "Ann"}]),
]
"""The line of OpenAI's guide, and others that its document on the interface takes."""


def test_the_line_word_for_word() -> None:
    record = PreferenceRecord(
        (Message("system", "You keep the stock."), Message("user", "Left?")),
        (Message("assistant", None, (ToolCall("call_1", "count", {"a": ["ü"]}),)),),
        (Message("assistant", "Hardly any."),),
        (Tool("count", {"type": "object"}),),
        parallel_tool_calls=False,
    )
    function = {"name": "count", "arguments": '{"a":["ü"]}'}
    tools = [{"type": "function", "function": {"name": "count", "parameters": {"type": "object"}}}]
    assert json.loads(dpo.encode(record)) == {
        "input": {
            "messages": [
                {"role": "system", "content": "You keep the stock."},
                {"role": "user", "content": "Left?"},
            ],
            "tools": tools,
            "parallel_tool_calls": False,
        },
        "preferred_output": [
            {
                "role": "assistant",
                "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
            }
        ],
        "non_preferred_output": [{"role": "assistant", "content": "Hardly any."}],
    }
    assert dpo.decode(dpo.encode(record)) == record


@pytest.mark.parametrize("given_line", GOOD)
def test_accepted_lines(given_line: Any) -> None:
    assert broken(dpo, given_line) == []


INPUT, BETTER = "/input/messages", "/preferred_output"


@pytest.mark.parametrize(
    ("given_line", "expected"),
    [
        ({"input": {"messages": [USER]}, "preferred_output": [ANSWER]}, [("schema", "")]),
        (line([]), [("schema", INPUT)]),
        (line([USER], answer=1), [("schema", "/input")]),
        (line([USER]) | {"answer": 1}, [("schema", "")]),
        (line([USER]) | {"preferred_output": []}, [("schema", BETTER)]),
        (line([USER]) | {"preferred_output": [ANSWER, ANSWER]}, [("schema", BETTER)]),
        (line([USER]) | {"preferred_output": ANSWER}, [("schema", BETTER)]),
        (line([USER], USER), [("schema", f"{BETTER}/0/role")]),
        (line([USER], ANSWER | {"weight": 1}), [("schema", f"{BETTER}/0/weight")]),
        (line([USER], {"role": "assistant"}), [("schema", f"{BETTER}/0")]),
        (line([USER | {"content": [image()]}]), [("schema", f"{INPUT}/0/content/0/type")]),
        (line([USER | {"role": "developer"}]), [("schema", f"{INPUT}/0/role")]),
        (line([USER, ANSWER]), [("prompt-end", f"{INPUT}/1/role")]),
        (line([USER], ANSWER, ANSWER), [("same-outputs", "/non_preferred_output")]),
        (line([USER, result()]), [("orphan-result", f"{INPUT}/1/tool_call_id")]),
        (
            line([USER, calling(call()), USER]),
            [("call-without-result", f"{INPUT}/1/tool_calls/0")],
        ),
        (
            line([USER], calling(call(), call())),
            [("call-id", f"{BETTER}/0/tool_calls/1/id")],
        ),
        (
            line([USER], calling(call(arguments="[]"))),
            [("arguments", f"{BETTER}/0/tool_calls/0/function/arguments")],
        ),
    ],
)
def test_broken_lines_are_refused_at_their_place(given_line: Any, expected: Any) -> None:
    assert broken(dpo, given_line) == expected


def test_an_output_has_no_weight() -> None:
    asked, better, worse = Message("user", "?"), Message("assistant", "!"), Message("assistant", "")
    weighed = PreferenceRecord((asked,), (Message("assistant", "!", weight=1),), (worse,))
    plain = PreferenceRecord((asked,), (better,), (worse,))
    assert fit(weighed, dpo.carries) == Fitted(plain, ("weights_dropped",))
    untrained = PreferenceRecord((asked,), (Message("assistant", "!", weight=0),), (worse,))
    assert isinstance(fit(untrained, dpo.carries), Unfit)


@given(preferences())
def test_what_fits_survives_the_way_there_and_back(record: PreferenceRecord) -> None:
    fitted = fit(record, dpo.carries)
    if isinstance(fitted, Fitted):
        written = dpo.encode(fitted.record)
        assert dpo.decode(written) == fitted.record
        found = {rule for rule, _ in broken(dpo, json.loads(written))}
        assert found <= {"prompt-end", "same-outputs"}


@given(mutated(GOOD))
def test_every_accepted_line_can_be_read(given_line: Any) -> None:
    data = json.dumps(given_line).encode()
    if not dpo.check(data):
        assert dpo.check(dpo.encode(dpo.decode(data))) == ()
