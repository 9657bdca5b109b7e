"""The Cohere line, word for word, and every rule of it broken once."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.formats import Fitted, Unfit, fit, get_format
from pipeline.records import ChatRecord, ImagePart, Message, TextPart, Tool
from tests.formats.drawing import plain_chats
from tests.formats.lines import broken

cohere = get_format("cohere")
M = "/messages"


def line(*speakers: str, **more: Any) -> dict[str, Any]:
    """A conversation in which each says something."""
    messages = [{"role": one, "content": f"{one} {at}"} for at, one in enumerate(speakers)]
    return {"messages": messages, **more}


def test_the_line_word_for_word() -> None:
    record = ChatRecord(
        (
            Message("system", "You mend bicycles."),
            Message("user", "Which gear?"),
            Message("assistant", "The small one."),
            Message("system", "Now in French."),
            Message("user", "Quoi?"),
            Message("assistant", "Le petit."),
        )
    )
    encoded = cohere.encode(record)
    assert json.loads(encoded) == {
        "messages": [
            {"role": "System", "content": "You mend bicycles."},
            {"role": "User", "content": "Which gear?"},
            {"role": "Chatbot", "content": "The small one."},
            {"role": "System", "content": "Now in French."},
            {"role": "User", "content": "Quoi?"},
            {"role": "Chatbot", "content": "Le petit."},
        ]
    }
    assert cohere.check(encoded) == ()
    assert cohere.decode(encoded) == record


@pytest.mark.parametrize(
    "speakers",
    [
        ["System", "User", "Chatbot", "User", "Chatbot", "User"],
        ["User", "Chatbot"],
        ["User", "User", "Chatbot", "User", "User"],
        ["System", "User", "Chatbot", "System", "Chatbot"],
        ["System", "System", "Chatbot", "User", "Chatbot"],
    ],
)
def test_accepted_lines(speakers: list[str]) -> None:
    assert broken(cohere, line(*speakers)) == []


@pytest.mark.parametrize(
    ("speakers", "expected"),
    [
        (["User", "Chatbot", "Chatbot"], [("unasked-answer", f"{M}/2/role")]),
        (["Chatbot", "User", "Chatbot"], [("unasked-answer", f"{M}/0/role")]),
        (["System", "Chatbot", "User", "Chatbot"], [("unasked-answer", f"{M}/1/role")]),
        (["System", "User"], [("both-speak", M)]),
        (["System", "System", "Chatbot"], [("both-speak", M)]),
        (["System"], [("both-speak", M), ("both-speak", M)]),
        (["User", "Assistant"], [("schema", f"{M}/1/role")]),
        ([], [("schema", M)]),
    ],
)
def test_what_is_out_of_order(speakers: list[str], expected: Any) -> None:
    assert broken(cohere, line(*speakers)) == expected


@pytest.mark.parametrize(
    ("message", "pointer"),
    [
        ({"role": "User", "content": None}, f"{M}/0/content"),
        ({"role": "User", "content": [{"type": "text", "text": "?"}]}, f"{M}/0/content"),
        ({"role": "User", "message": "?"}, f"{M}/0"),
        ({"role": "User", "content": "?", "weight": 0}, f"{M}/0"),
        ("?", f"{M}/0"),
    ],
)
def test_broken_messages(message: Any, pointer: str) -> None:
    whole = {"messages": [message, {"role": "Chatbot", "content": "!"}]}
    assert set(broken(cohere, whole)) == {("schema", pointer)}


def test_nothing_stands_beside_the_messages() -> None:
    assert broken(cohere, line("User", "Chatbot", tools=[])) == [("schema", "")]


ASKED, ANSWER = Message("user", "Which gear?"), Message("assistant", "The small one.")


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (ChatRecord((ASKED, ANSWER), (Tool("count", {}),)), "has no place for tools"),
        (
            ChatRecord((Message("user", (ImagePart("image/png", "AAAA"),)), ANSWER)),
            "has no place for images",
        ),
        (
            ChatRecord((ASKED, Message("assistant", "No.", weight=0), ASKED, ANSWER)),
            "cannot leave a turn out of the training (weight 0)",
        ),
    ],
)
def test_what_has_no_place_is_refused(record: ChatRecord, reason: str) -> None:
    assert fit(record, cohere.carries) == Unfit(reason)


def test_a_second_system_message_is_a_speaker_and_stays() -> None:
    systems = Message("system", "You mend bicycles."), Message("system", (TextPart("Be brief."),))
    fitted = fit(ChatRecord((*systems, ASKED, ANSWER)), cohere.carries)
    assert isinstance(fitted, Fitted)
    assert fitted.rewrites == ("parts_joined",)
    assert fitted.record.messages[1] == Message("system", "Be brief.")


@given(plain_chats())
def test_what_fits_survives_the_way_there_and_back(record: ChatRecord) -> None:
    fitted = fit(record, cohere.carries)
    assert isinstance(fitted, Fitted)
    encoded = cohere.encode(fitted.record)
    assert {one.rule for one in cohere.check(encoded)} <= {"unasked-answer", "both-speak"}
    assert cohere.decode(encoded) == fitted.record


@given(st.lists(st.sampled_from(["System", "User", "Chatbot"]), max_size=6))
def test_every_accepted_line_can_be_read(speakers: list[str]) -> None:
    encoded = json.dumps(line(*speakers)).encode()
    if cohere.check(encoded):
        return
    fitted = fit(cohere.decode(encoded), cohere.carries)
    assert isinstance(fitted, Fitted)
    assert cohere.check(cohere.encode(fitted.record)) == ()
