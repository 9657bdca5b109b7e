"""The line of Claude 3 Haiku on Bedrock, word for word, and every rule of it broken once."""

import json
from typing import Any

import pytest
from hypothesis import given

from pipeline.formats import Fitted, Unfit, fit, get_format
from pipeline.records import ChatRecord, Message, TextPart
from tests.formats.drawing import chats, plain_chats
from tests.formats.lines import broken

claude = get_format("bedrock-claude")
USER = {"role": "user", "content": "Which gear?"}
ANSWER = {"role": "assistant", "content": "The small one."}


def test_the_line_word_for_word() -> None:
    record = ChatRecord(
        (
            Message("system", "You mend bicycles."),
            Message("user", "Which gear?"),
            Message("assistant", "The small one."),
        )
    )
    line = claude.encode(record)
    assert json.loads(line) == {"system": "You mend bicycles.", "messages": [USER, ANSWER]}
    assert list(json.loads(line)) == ["system", "messages"]
    assert claude.decode(line) == record


@given(record=plain_chats() | chats())
def test_what_fits_comes_back(record: ChatRecord) -> None:
    fitted = fit(record, claude.carries)
    if isinstance(fitted, Unfit):
        assert fitted.reason
        return
    line = claude.encode(fitted.record)
    assert {one.rule for one in claude.check(line)} <= {"first-message"}
    assert claude.decode(line) == fitted.record


def test_texts_in_parts_and_turns_of_one_role_become_one_text() -> None:
    record = ChatRecord(
        (
            Message("system", (TextPart("You mend "), TextPart("bicycles."))),
            Message("system", "Be brief."),
            Message("user", "Hello.", name="ann"),
            Message("user", (TextPart("Which "), TextPart("gear?"))),
            Message("assistant", "The small one.", weight=1, reasoning="Hm."),
        )
    )
    fitted = fit(record, claude.carries)
    assert isinstance(fitted, Fitted)
    assert json.loads(claude.encode(fitted.record)) == {
        "system": "You mend bicycles.\n\nBe brief.",
        "messages": [{"role": "user", "content": "Hello.\n\nWhich gear?"}, ANSWER],
    }
    assert set(fitted.rewrites) == {
        *("parts_joined", "systems_joined", "names_dropped", "turns_merged"),
        *("weights_dropped", "reasoning_dropped"),
    }


M = "/messages"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ({"messages": [USER, ANSWER]}, []),
        ({"system": "", "messages": [USER, ANSWER, USER, ANSWER]}, []),
        ({"system": "system message", "messages": [USER, ANSWER]}, []),
        ({}, [("schema", "")]),
        ({"messages": []}, [("schema", M)]),
        ({"messages": {}}, [("schema", M)]),
        ({"messages": [USER, "Yes."]}, [("schema", f"{M}/1")]),
        ({"messages": [USER]}, [("last-message", f"{M}/0/role")]),
        ({"messages": [ANSWER]}, [("first-message", f"{M}/0/role")]),
        ({"messages": [USER, ANSWER, USER]}, [("last-message", f"{M}/2/role")]),
        ({"messages": [ANSWER, USER, ANSWER]}, [("first-message", f"{M}/0/role")]),
        ({"messages": [USER, USER, ANSWER]}, [("alternation", f"{M}/1/role")]),
        ({"messages": [USER, ANSWER, ANSWER]}, [("alternation", f"{M}/2/role")]),
        ({"messages": [USER, ANSWER], "id": "1"}, [("schema", "")]),
        ({"messages": [USER, ANSWER], "system": None}, [("schema", "/system")]),
        ({"messages": [USER, ANSWER], "system": [{"text": "a"}]}, [("schema", "/system")]),
        ({"messages": [USER | {"role": "system"}, ANSWER]}, [("schema", f"{M}/0/role")]),
        ({"messages": [USER | {"name": "ann"}, ANSWER]}, [("schema", f"{M}/0")]),
        ({"messages": [{"role": "user"}, ANSWER]}, [("schema", f"{M}/0")]),
        ({"messages": [USER | {"content": None}, ANSWER]}, [("schema", f"{M}/0/content")]),
        (
            {"messages": [USER | {"content": [{"type": "text", "text": "a"}]}, ANSWER]},
            [("schema", f"{M}/0/content")],
        ),
    ],
)
def test_lines_and_what_they_break(line: Any, expected: Any) -> None:
    assert broken(claude, line) == expected
    if not expected:
        wire = json.dumps(line).encode()
        record = claude.decode(wire)
        assert fit(record, claude.carries) == Fitted(record, ())
        assert json.loads(claude.encode(record)) == line


def test_the_reason_for_another_content_says_text() -> None:
    line = json.dumps({"messages": [USER | {"content": []}, ANSWER]}).encode()
    (problem,) = claude.check(line)
    assert problem.reason == "is no text: this model is trained on text alone"
