"""TRL's line of prompt and completion: its place says whether an answer is trained."""

import json
from typing import Any

import pytest
from hypothesis import given

from pipeline.formats import Fitted, fit, get_format
from pipeline.records import ChatRecord, Message
from tests.formats.drawing import chats
from tests.formats.lines import broken, mutated
from tests.formats.trl_lines import ASKED, CALLED, DONE, LIGHT, called, in_string

completion = get_format("trl-completion")
GOOD: list[dict[str, Any]] = [
    {"prompt": [ASKED], "completion": [DONE]},
    {"prompt": CALLED[:3], "completion": CALLED[3:], "tools": in_string(LIGHT)},
    {"prompt": [ASKED], "completion": CALLED[1:], "tools": [LIGHT]},
    {"prompt": [ASKED, DONE, ASKED], "completion": [called()], "messages": [ASKED, DONE]},
    {"prompt": [ASKED, DONE], "completion": [DONE]},
]
"""Lines as TRL's page shows them, and more that it trains on."""


def test_the_line_word_for_word() -> None:
    record = ChatRecord(
        (
            Message("user", "Which gear?"),
            Message("assistant", "Any.", weight=0),
            Message("user", "Sure?"),
            Message("assistant", "The small one."),
        )
    )
    assert json.loads(completion.encode(record)) == {
        "prompt": [
            {"role": "user", "content": "Which gear?"},
            {"role": "assistant", "content": "Any."},
            {"role": "user", "content": "Sure?"},
        ],
        "completion": [{"role": "assistant", "content": "The small one."}],
    }
    assert fit(record, completion.carries) == Fitted(record, ())
    assert completion.decode(completion.encode(record)) == record


def test_earlier_answers_of_which_nothing_was_said_are_not_trained_and_that_is_named() -> None:
    asked, answer = Message("user", "Hm?"), Message("assistant", "Hm.")
    fitted = fit(ChatRecord((asked, answer, asked, answer)), completion.carries)
    assert isinstance(fitted, Fitted)
    assert [one.weight for one in fitted.record.messages] == [None, 0, None, None]
    assert fitted.rewrites == ("earlier_turns_untrained",)


@pytest.mark.parametrize("line", GOOD)
def test_accepted_lines(line: Any) -> None:
    assert broken(completion, line) == []
    record = completion.decode(json.dumps(line).encode())
    trained = [one.weight is None for one in record.messages if one.role == "assistant"]
    answers = [one for one in line["prompt"] if one["role"] == "assistant"]
    assert trained == [at >= len(answers) for at in range(len(trained))]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"prompt": [ASKED]}, [("schema", "")]),
        ({"prompt": "q", "completion": "a"}, [("schema", "/completion"), ("schema", "/prompt")]),
        ({"prompt": [], "completion": [DONE]}, [("schema", "/prompt")]),
        (
            {"prompt": [{"role": "system", "content": "Be brief."}], "completion": [DONE]},
            [("prompt-end", "/prompt/0/role")],
        ),
        (
            {"prompt": [ASKED], "completion": [ASKED, DONE, ASKED]},
            [("answer", "/completion/0/role"), ("answer", "/completion/2/role")],
        ),
        (
            {"prompt": [ASKED, called(), ASKED], "completion": [DONE]},
            [("call-without-result", "/prompt/1/tool_calls/0")],
        ),
        (
            {"prompt": [ASKED, called()], "completion": [DONE]},
            [("call-without-result", "/prompt/1/tool_calls/0")],
        ),
        (
            {"prompt": [ASKED], "completion": [called({"a": 2**70})]},
            [("number", "/completion/0/tool_calls/0/function/arguments/a")],
        ),
        ({"prompt": [ASKED], "completion": [DONE], "tools": "[]"}, [("tools", "/tools")]),
        ({"prompt": [ASKED], "completion": [DONE], "label": False}, [("schema", "/label")]),
        ({"prompt": [ASKED], "completion": [DONE], "images": []}, [("schema", "/images")]),
    ],
)
def test_broken_lines_are_refused_at_their_place(line: Any, expected: Any) -> None:
    assert broken(completion, line) == expected


@given(chats())
def test_what_fits_survives_the_way_there_and_back(record: ChatRecord) -> None:
    fitted = fit(record, completion.carries)
    if isinstance(fitted, Fitted):
        line = completion.encode(fitted.record)
        assert completion.check(line) == ()
        assert completion.decode(line) == fitted.record


@given(mutated(GOOD))
def test_every_accepted_line_can_be_read(line: Any) -> None:
    data = json.dumps(line).encode()
    if not completion.check(data):
        again = fit(completion.decode(data), completion.carries)
        assert isinstance(again, Fitted)
        assert completion.decode(completion.encode(again.record)) == again.record
