"""Prompt and completion, word for word, and every rule broken once."""

import json
from typing import Any

import pytest
from hypothesis import given

from pipeline.formats import Fitted, Unfit, fit, get_format
from pipeline.records import ChatRecord, Message, TextPart
from tests.formats.drawing import chats, plain_chats
from tests.formats.lines import broken

text = get_format("bedrock-text")
ASKED, ANSWER = Message("user", "Which gear?"), Message("assistant", "The small one.")


def test_the_line_word_for_word() -> None:
    line = text.encode(ChatRecord((ASKED, ANSWER)))
    assert line == b'{"prompt":"Which gear?","completion":"The small one."}'
    assert text.check(line) == ()
    assert text.decode(line) == ChatRecord((ASKED, ANSWER))


@given(record=plain_chats() | chats())
def test_what_fits_comes_back(record: ChatRecord) -> None:
    fitted = fit(record, text.carries)
    if isinstance(fitted, Unfit):
        assert fitted.reason
        return
    line = text.encode(fitted.record)
    assert text.check(line) == ()
    assert text.decode(line) == fitted.record


def test_a_system_prompt_precedes_the_question() -> None:
    record = ChatRecord(
        (
            Message("system", "You mend bicycles."),
            Message("user", "Hello."),
            Message("user", (TextPart("Which "), TextPart("gear?"))),
            ANSWER,
        )
    )
    fitted = fit(record, text.carries)
    assert isinstance(fitted, Fitted)
    assert json.loads(text.encode(fitted.record)) == {
        "prompt": "You mend bicycles.\n\nHello.\n\nWhich gear?",
        "completion": "The small one.",
    }
    assert set(fitted.rewrites) == {"parts_joined", "system_into_user", "turns_merged"}


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        (
            (ASKED, ANSWER, ASKED, ANSWER),
            "takes one question and one answer, this conversation has more turns",
        ),
        ((ANSWER,), "takes a question and the answer to it, this conversation has none"),
        ((ASKED, Message("assistant", "Any.", weight=0)), "cannot leave a turn out"),
    ],
)
def test_what_is_no_question_and_answer_has_no_place(turns: Any, reason: str) -> None:
    unfit = fit(ChatRecord(turns), text.carries)
    assert isinstance(unfit, Unfit)
    assert unfit.reason.startswith(reason)


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"prompt": "What is the capital of France?", "completion": "It is Paris."}, []),
        ({"prompt": "a" * 60_000, "completion": "b" * 36_000}, []),
        ({"prompt": "a" * 60_000, "completion": "b" * 36_001}, [("characters", "")]),
        ({"prompt": "a"}, [("schema", "")]),
        ({"completion": "a"}, [("schema", "")]),
        ({"prompt": "a", "completion": None}, [("schema", "/completion")]),
        ({"prompt": ["a"], "completion": "b"}, [("schema", "/prompt")]),
        ({"prompt": "a", "completion": "b", "id": 1}, [("schema", "")]),
        ({"messages": []}, [("schema", "")] * 3),
    ],
)
def test_lines_and_what_they_break(line: Any, expected: Any) -> None:
    assert broken(text, line) == expected
    if not expected:
        wire = json.dumps(line).encode()
        assert json.loads(text.encode(text.decode(wire))) == line
