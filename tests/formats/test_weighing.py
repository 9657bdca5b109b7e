"""Weights of messages and of whole examples, on their way into a format."""

from typing import Any

import pytest

from pipeline.formats import Fitted, Unfit, fit
from pipeline.formats.fitting.carries import Carries
from pipeline.records import ChatRecord, Message, PreferenceRecord, Tool

USER, ANSWER = Message("user", "Which gear?"), Message("assistant", "The small one.")


def weighed(*weights: Any) -> ChatRecord:
    roles = ("user", "assistant") * (len(weights) // 2)
    return ChatRecord(
        tuple(Message(role, "x", weight=one) for role, one in zip(roles, weights, strict=True))
    )


def weights(record: Any) -> list[Any]:
    return [message.weight for message in record.messages]


@pytest.mark.parametrize(
    ("carries", "before", "after", "rewrites"),
    [
        ("kept", (0, 1, None, 0), [0, 1, None, 0], ()),
        ("assistant", (None, 0, None, 1), [None, 0, None, 1], ()),
        ("assistant", (0, 0, 0, 1), [None, 0, None, 1], ("weights_dropped",)),
        ("refused", (0, 1, None, None), [None] * 4, ("weights_dropped",)),
        ("spelled_out", (None, None, None, None), [None] * 4, ()),
        ("spelled_out", (None, 0, None, None), [0, 0, 0, 1], ("weights_spelled_out",)),
        ("spelled_out", (0, 0, 1, 1), [0, 0, 1, 1], ()),
        ("last_answer", (None, 0, None, None), [None, 0, None, None], ()),
        ("last_answer", (None,) * 4, [None, 0, None, None], ("earlier_turns_untrained",)),
        ("last_answer", (None, 0, 0, 1), [None, 0, None, None], ("weights_dropped",)),
    ],
)
def test_weights_go_where_a_format_has_a_place_for_them(
    carries: Any, before: Any, after: Any, rewrites: Any
) -> None:
    fitted = fit(weighed(*before), Carries(weight=carries))
    assert isinstance(fitted, Fitted)
    assert weights(fitted.record) == after
    assert fitted.rewrites == rewrites


@pytest.mark.parametrize(
    ("carries", "before", "reason"),
    [
        ("assistant", (1, None), "trains on turns of the assistant alone"),
        ("refused", (1, None), "trains on turns of the assistant alone"),
        ("refused", (None, 0), "cannot leave a turn out of the training (weight 0)"),
        ("last_answer", (1, None), "trains on turns of the assistant alone"),
        ("last_answer", (None, 0), "cannot leave the last answer out of the training (weight 0)"),
        (
            "last_answer",
            (None, 1, None, 1),
            "trains the last answer alone, an earlier one is to be trained (weight 1)",
        ),
    ],
)
def test_a_weight_that_would_be_lost_is_refused(carries: Any, before: Any, reason: str) -> None:
    assert fit(weighed(*before), Carries(weight=carries)) == Unfit(reason)


@pytest.mark.parametrize(
    ("answers", "instead"),
    [
        ((0, 1), "; other trains the last answer alone"),
        ((0, 0, None), "; other trains the last answer alone"),
        ((0, 0), ""),
        ((None, 0, 1), ""),
        ((1, 0), ""),
    ],
)
def test_a_refusal_names_the_format_that_trains_the_last_answer_where_that_is_meant(
    answers: tuple[Any, ...], instead: str
) -> None:
    record = weighed(*(weight for answer in answers for weight in (None, answer)))
    found = fit(record, Carries(weight="refused", last_answer_in="other"))
    assert found == Unfit(f"cannot leave a turn out of the training (weight 0){instead}")


def test_nothing_of_a_preferences_prompt_is_trained_so_its_weights_go() -> None:
    prompt = (USER, Message("assistant", "Any.", weight=0), USER)
    fitted = fit(PreferenceRecord(prompt, (ANSWER,), (ANSWER,)), Carries(weight="refused"))
    assert isinstance(fitted, Fitted)
    assert [one.weight for one in fitted.record.prompt] == [None] * 3
    assert fitted.rewrites == ("weights_dropped",)


def test_an_answer_of_a_preference_that_is_not_trained_is_refused() -> None:
    record = PreferenceRecord((USER,), (Message("assistant", "x", weight=0),), (ANSWER,))
    assert isinstance(fit(record, Carries(weight="refused")), Unfit)


def test_the_weight_of_an_example_is_kept_or_refused_and_one_says_nothing() -> None:
    heavy, plain = ChatRecord((USER, ANSWER), weight=2.5), ChatRecord((USER, ANSWER), weight=1)
    assert fit(heavy, Carries(example_weight="kept")) == Fitted(heavy, ())
    assert fit(heavy, Carries()) == Unfit("has no place for the weight of an example")
    assert fit(plain, Carries()) == Fitted(ChatRecord((USER, ANSWER)), ("weights_dropped",))


def test_a_tool_without_a_description_gets_an_empty_one_where_it_must_have_one() -> None:
    record = ChatRecord((USER, ANSWER), (Tool("a", {}), Tool("b", {}, "B")))
    fitted = fit(record, Carries(descriptions="required"))
    assert isinstance(fitted, Fitted)
    assert [tool.description for tool in fitted.record.tools] == ["", "B"]
    assert fitted.rewrites == ("empty_descriptions_added",)
    assert fit(fitted.record, Carries(descriptions="required")) == Fitted(fitted.record, ())
