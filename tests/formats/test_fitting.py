"""What a format cannot carry: refused in a sentence, or rewritten in a way that has a name."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.formats import Carries, Fitted, Unfit, fit
from pipeline.records import (
    ChatRecord,
    ImagePart,
    Message,
    PreferenceRecord,
    TextPart,
    Tool,
    ToolCall,
)

USER, ANSWER = Message("user", "Which gear?"), Message("assistant", "The small one.")
SYSTEM, BRIEF = Message("system", "You mend bicycles."), Message("system", "Be brief.")
IMAGE = Message("user", (ImagePart(url="https://x.example/a.png", detail="low"), TextPart("This?")))
CALL = Message("assistant", "Wait.", (ToolCall("call-1", "count", {}),))
RESULT = Message("tool", "3", tool_call_id="call-1", name="count")
TOOL = Tool("count", {"type": "object"}, strict=True)
NOTHING = ChatRecord((USER, ANSWER))
ALL = Carries(
    images=("data", "https", "gs", "s3"),
    detail="kept",
    reasoning="kept",
    names="kept",
    strict="kept",
    parallel_tool_calls="kept",
    answer_turns="several",
)


def fitted(record: Any, **carries: Any) -> Fitted[Any]:
    found = fit(record, replace(ALL, **carries))
    assert isinstance(found, Fitted)
    return found


def refused(record: Any, **carries: Any) -> str:
    found = fit(record, replace(ALL, **carries))
    assert isinstance(found, Unfit)
    return found.reason


def chat(*messages: Message, **more: Any) -> ChatRecord:
    return ChatRecord(messages, **more)


FULL = chat(
    SYSTEM,
    BRIEF,
    replace(IMAGE, name="ann"),
    CALL,
    RESULT,
    replace(ANSWER, weight=0, reasoning="Hm."),
    USER,
    USER,
    ANSWER,
    BRIEF,
    USER,
    ANSWER,
    tools=(TOOL,),
    parallel_tool_calls=False,
)


def test_what_carries_all_gives_the_record_itself() -> None:
    found = fitted(FULL)
    assert found.record is FULL
    assert found.rewrites == ()


@pytest.mark.parametrize(
    ("record", "carries", "reason"),
    [
        (chat(SYSTEM, USER, ANSWER), {"system": "refused"}, "no place for a system message"),
        (
            chat(USER, ANSWER, SYSTEM, USER, ANSWER),
            {"later_system": "refused"},
            "the beginning alone",
        ),
        (chat(USER, ANSWER, tools=(TOOL,)), {"tools": "refused"}, "no place for tools"),
        (chat(USER, CALL, RESULT, ANSWER), {"tools": "refused"}, "tool calls and their results"),
        (chat(USER, CALL, RESULT, ANSWER), {"content_beside_calls": "refused"}, "text beside a"),
        (chat(USER, ANSWER, USER, ANSWER), {"several_turns": "refused"}, "more turns"),
        (chat(USER, replace(ANSWER, weight=0)), {"weight": "refused"}, "(weight 0)"),
        (chat(IMAGE, ANSWER), {"images": ()}, "no place for images"),
        (chat(IMAGE, ANSWER), {"images": ("data", "gs")}, "takes no image from https"),
    ],
)
def test_what_has_no_place_is_refused_in_a_sentence(
    record: ChatRecord, carries: dict[str, Any], reason: str
) -> None:
    assert reason in refused(record, **carries)
    assert fitted(NOTHING, **carries).rewrites == ()


def test_a_weight_of_one_is_what_a_format_without_weights_does_anyway() -> None:
    record = chat(USER, replace(ANSWER, weight=1))
    found = fitted(record, weight="refused")
    assert (found.record, found.rewrites) == (chat(USER, ANSWER), ("weights_dropped",))


@pytest.mark.parametrize(
    ("record", "carries", "expected", "rewrite"),
    [
        (
            chat(SYSTEM, BRIEF, USER, ANSWER),
            {"several_systems": "joined"},
            chat(Message("system", "You mend bicycles.\n\nBe brief."), USER, ANSWER),
            "systems_joined",
        ),
        (
            chat(SYSTEM, USER, ANSWER),
            {"system": "into_user"},
            chat(Message("user", "You mend bicycles.\n\nWhich gear?"), ANSWER),
            "system_into_user",
        ),
        (
            chat(SYSTEM, ANSWER),
            {"system": "into_user"},
            chat(Message("user", "You mend bicycles."), ANSWER),
            "system_into_user",
        ),
        (
            chat(USER, USER, ANSWER, ANSWER),
            {"same_role_turns": "merged"},
            chat(
                Message("user", "Which gear?\n\nWhich gear?"),
                Message("assistant", "The small one.\n\nThe small one."),
            ),
            "turns_merged",
        ),
        (
            chat(USER, replace(IMAGE, content=IMAGE.content), ANSWER),
            {"same_role_turns": "merged"},
            chat(
                Message(
                    "user", (TextPart("Which gear?"), TextPart("\n\n"), *(IMAGE.content or ()))
                ),  # type: ignore[misc]
                ANSWER,
            ),
            "turns_merged",
        ),
        (
            chat(IMAGE, ANSWER),
            {"detail": "dropped"},
            chat(
                Message("user", (ImagePart(url="https://x.example/a.png"), TextPart("This?"))),
                ANSWER,
            ),
            "detail_dropped",
        ),
        (
            chat(USER, replace(ANSWER, reasoning="Hm.")),
            {"reasoning": "dropped"},
            NOTHING,
            "reasoning_dropped",
        ),
        (chat(replace(USER, name="ann"), ANSWER), {"names": "dropped"}, NOTHING, "names_dropped"),
        (
            chat(USER, ANSWER, tools=(TOOL,)),
            {"strict": "dropped"},
            chat(USER, ANSWER, tools=(replace(TOOL, strict=None),)),
            "strict_dropped",
        ),
        (
            chat(USER, ANSWER, parallel_tool_calls=True),
            {"parallel_tool_calls": "dropped"},
            NOTHING,
            "parallel_tool_calls_dropped",
        ),
    ],
)
def test_each_rewrite_does_what_its_name_says(
    record: ChatRecord, carries: dict[str, Any], expected: ChatRecord, rewrite: str
) -> None:
    found = fitted(record, **carries)
    assert found.record == expected
    assert found.rewrites == (rewrite,)
    assert fitted(expected, **carries).rewrites == ()


def test_turns_of_other_weight_name_or_with_calls_are_not_merged() -> None:
    for pair in (
        (replace(USER, name="ann"), replace(USER, name="bo")),
        (ANSWER, replace(ANSWER, weight=0)),
        (ANSWER, CALL),
    ):
        assert fitted(chat(*pair), same_role_turns="merged").rewrites == ()


def test_calls_are_renamed_to_nine_letters_and_digits_with_their_results() -> None:
    nine = replace(CALL, tool_calls=(ToolCall("ABCdef123", "count", {}),))
    record = chat(USER, CALL, RESULT, nine, replace(RESULT, tool_call_id="ABCdef123"), ANSWER)
    found = fitted(record, call_ids="renamed")
    ids = [call.id for message in found.record.messages for call in message.tool_calls]
    answered = [one.tool_call_id for one in found.record.messages if one.role == "tool"]
    assert ids == answered
    assert ids[1] == "ABCdef123"
    assert len(ids[0]) == 9
    assert ids[0].isalnum()
    assert found.rewrites == ("calls_renamed",)
    assert fitted(found.record, call_ids="renamed").rewrites == ()


@given(st.lists(st.text(min_size=1), min_size=1, max_size=30, unique=True))
def test_renamed_calls_stay_apart(ids: list[str]) -> None:
    calls = tuple(ToolCall(one, "count", {}) for one in ids)
    results = [Message("tool", one, tool_call_id=one) for one in ids]
    record = chat(USER, Message("assistant", None, calls), *results, ANSWER)
    renamed = fitted(record, call_ids="renamed").record.messages
    new = [call.id for call in renamed[1].tool_calls]
    assert len(set(new)) == len(ids)
    assert all(len(one) == 9 and one.isalnum() and one.isascii() for one in new)
    assert [one.tool_call_id for one in renamed[2:-1]] == new


def test_a_preference_is_fitted_on_all_its_sides() -> None:
    thinking = replace(ANSWER, reasoning="Hm.")
    record = PreferenceRecord((SYSTEM, BRIEF, USER), (thinking,), (ANSWER,), (TOOL,))
    found = fitted(record, several_systems="joined", reasoning="dropped", strict="dropped")
    joined = Message("system", "You mend bicycles.\n\nBe brief.")
    assert found.record == PreferenceRecord(
        (joined, USER), (ANSWER,), (ANSWER,), (replace(TOOL, strict=None),)
    )
    assert set(found.rewrites) == {"systems_joined", "strict_dropped", "reasoning_dropped"}


def test_an_answer_of_several_messages_needs_a_place() -> None:
    record = PreferenceRecord((USER,), (CALL, RESULT, ANSWER), (ANSWER,))
    assert "answers of one message" in refused(record, answer_turns="one")
    assert fitted(record).record is record
    assert "tool calls" in refused(record, tools="refused")
