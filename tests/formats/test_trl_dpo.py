"""TRL's line of a preference: an explicit prompt and two answers, of one message or several."""

import json
from typing import Any

import pytest
from hypothesis import given

from pipeline.formats import Fitted, fit, get_format
from pipeline.records import Message, PreferenceRecord, Tool, ToolCall
from tests.formats.drawing import preferences
from tests.formats.lines import broken, mutated
from tests.formats.trl_lines import ASKED, CALLED, DONE, LIGHT, called, in_string

dpo = get_format("trl-dpo")
WORSE = {"role": "assistant", "content": "No."}
TWICE = called()["tool_calls"] * 2
GOOD: list[dict[str, Any]] = [
    {"prompt": [ASKED], "chosen": [DONE], "rejected": [WORSE]},
    {"prompt": [ASKED], "chosen": CALLED[1:], "rejected": [called({})], "tools": [LIGHT]},
    {
        "prompt": CALLED[:3],
        "chosen": [*CALLED[1:], ASKED, DONE],
        "rejected": [WORSE],
        "tools": in_string(LIGHT),
        "score_chosen": 4.5,
    },
]
"""Lines as TRL's page shows them, and more that it trains on."""


def test_the_line_word_for_word() -> None:
    record = PreferenceRecord(
        (Message("user", "Which gear?"),),
        (
            Message("assistant", None, (ToolCall("call_1", "count", {"n": 1}),)),
            Message("tool", "3", tool_call_id="call_1", name="count"),
            Message("assistant", "The third.", reasoning="Hm."),
        ),
        (Message("assistant", "Any."),),
        (Tool("count", {"type": "object"}),),
    )
    function = {"name": "count", "arguments": {"n": 1}}
    assert json.loads(dpo.encode(record)) == {
        "prompt": [{"role": "user", "content": "Which gear?"}],
        "chosen": [
            {
                "role": "assistant",
                "tool_calls": [{"id": "call_1", "type": "function", "function": function}],
            },
            {"role": "tool", "content": "3", "name": "count", "tool_call_id": "call_1"},
            {"role": "assistant", "content": "The third.", "reasoning_content": "Hm."},
        ],
        "rejected": [{"role": "assistant", "content": "Any."}],
        "tools": '[{"type":"function","function":{"name":"count","parameters":{"type":"object"}}}]',
    }
    assert dpo.decode(dpo.encode(record)) == record


@pytest.mark.parametrize("line", GOOD)
def test_accepted_lines(line: Any) -> None:
    assert broken(dpo, line) == []
    record = dpo.decode(json.dumps(line).encode())
    assert dpo.check(dpo.encode(record)) == ()
    assert dpo.decode(dpo.encode(record)) == record


def test_calls_of_an_answer_get_ids_apart_from_those_of_the_prompt() -> None:
    record = dpo.decode(json.dumps(GOOD[2]).encode())
    ids = [call.id for one in (*record.prompt, *record.chosen) for call in one.tool_calls]
    assert ids == ["call_1", "call_2"]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"chosen": [ASKED, DONE], "rejected": [ASKED, WORSE]}, [("schema", "")]),
        ({"prompt": "q", "chosen": [DONE], "rejected": [WORSE]}, [("schema", "/prompt")]),
        ({"prompt": [ASKED], "chosen": [], "rejected": [WORSE]}, [("schema", "/chosen")]),
        (
            {"prompt": [ASKED, DONE], "chosen": [DONE], "rejected": [WORSE]},
            [("prompt-end", "/prompt/1/role")],
        ),
        (
            {"prompt": [ASKED], "chosen": [ASKED, DONE], "rejected": [WORSE, ASKED]},
            [("answer", "/chosen/0/role"), ("answer", "/rejected/1/role")],
        ),
        (
            {"prompt": [ASKED], "chosen": [DONE], "rejected": [DONE]},
            [("same-outputs", "/rejected")],
        ),
        (
            {"prompt": [ASKED], "chosen": [called(), DONE], "rejected": [WORSE]},
            [("call-without-result", "/chosen/0/tool_calls/0")],
        ),
        (
            {
                "prompt": [ASKED, {"role": "assistant", "tool_calls": TWICE}, CALLED[2]],
                "chosen": [DONE],
                "rejected": [WORSE],
            },
            [("call-without-result", "/prompt/1/tool_calls/1")],
        ),
        (
            {"prompt": [ASKED], "chosen": [DONE | {"weight": 1}], "rejected": [WORSE]},
            [("schema", "/chosen/0/weight")],
        ),
        (
            {"prompt": [ASKED], "chosen": [DONE], "rejected": [WORSE], "images": ["a"]},
            [("schema", "/images")],
        ),
    ],
)
def test_broken_lines_are_refused_at_their_place(line: Any, expected: Any) -> None:
    assert broken(dpo, line) == expected


@given(preferences())
def test_what_fits_survives_the_way_there_and_back(record: PreferenceRecord) -> None:
    fitted = fit(record, dpo.carries)
    if isinstance(fitted, Fitted):
        line = dpo.encode(fitted.record)
        assert dpo.decode(line) == fitted.record
        found = {rule for rule, _ in broken(dpo, json.loads(line))}
        assert found <= {"prompt-end", "same-outputs"}


@given(mutated(GOOD))
def test_every_accepted_line_can_be_read(line: Any) -> None:
    data = json.dumps(line).encode()
    if not dpo.check(data):
        again = dpo.encode(dpo.decode(data))
        assert dpo.check(again) == ()
        assert dpo.decode(again) == dpo.decode(data)
