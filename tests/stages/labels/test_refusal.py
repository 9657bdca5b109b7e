"""Refusals are found in every language of the table, and polite answers are none."""

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.spec import LabelSpec
from pipeline.stages.labels.phrases import load_table

Judge = Callable[..., Any]
Cases = Callable[[str], dict[str, Any]]

LANGUAGES = {"en", "de", "fr", "es", "it", "pt", "nl", "pl", "ru", "uk", "tr", "ar", "he", "hi"} | {
    *("ja", "ko", "zh", "sv", "cs", "ro", "vi", "id")
}


def is_refusal(judge: Judge, answer: str) -> bool:
    rejected = judge({"answer": answer}, LabelSpec(language=False))
    return rejected is not None and rejected.code == "refusal"


def test_every_language_has_phrases_and_cases(cases: Cases) -> None:
    assert set(load_table("refusals.toml")) >= LANGUAGES
    labelled = cases("refusals")
    assert set(labelled) == set(load_table("refusals.toml"))
    assert sum(len(one["refusals"]) for one in labelled.values()) >= 250
    assert sum(len(one["answers"]) for one in labelled.values()) >= 250


def test_nothing_else_is_a_refusal(judge: Judge, cases: Cases) -> None:
    answers = [text for one in cases("refusals").values() for text in one["answers"]]
    assert [text for text in answers if is_refusal(judge, text)] == []


@pytest.mark.parametrize("language", sorted(load_table("refusals.toml")))
def test_refusals(judge: Judge, cases: Cases, language: str) -> None:
    refusals = cases("refusals")[language]["refusals"]
    missed = [text for text in refusals if not is_refusal(judge, text)]
    assert len(missed) <= 0.1 * len(refusals), missed


def test_refusals_that_the_phrases_were_not_mended_for(judge: Judge, cases: Cases) -> None:
    labelled = cases("refusals_held_out").values()
    refusals = [text for one in labelled for text in one["refusals"]]
    answers = [text for one in labelled for text in one["answers"]]
    found = [text for text in refusals if is_refusal(judge, text)]
    false = [text for text in answers if is_refusal(judge, text)]
    assert len(found) >= 0.75 * len(refusals)
    assert len(answers) >= 60
    assert false == []


def test_the_sentence_says_which_phrase_it_was(judge: Judge) -> None:
    rejected = judge({"answer": "I\u2019m sorry, but I can\u2019t assist with that request."})
    assert rejected.detail == (
        'the answer begins as a refusal does (en: "i can\'t assist with that request"): '
        '"I\u2019m sorry, but I can\u2019t assist with that request."'
    )


@pytest.mark.parametrize(
    "answer",
    [
        '{"answer": "I\'m sorry, but I can\'t help with that."}',
        "I can't help with that. " + "But here is how the walk goes on. " * 20,
        "The model said: I'm sorry, but I can't help with that.",
        "I can't help with that booking before you tell me its number.",
    ],
)
def test_what_is_left_alone(judge: Judge, answer: str) -> None:
    assert not is_refusal(judge, answer)


@pytest.mark.parametrize(
    "answer",
    [
        "I'M SORRY, BUT I CAN'T HELP WITH THAT.",
        "  I'm sorry,\n\nbut I can't help with that.",
        "**I'm sorry, but I can't help with that.**",
        '"I am sorry, but I cannot help with that."',
        "I\u02bcm sorry \u2014 I can\u2019t help with that!",
    ],
)
def test_how_it_is_written_does_not_matter(judge: Judge, answer: str) -> None:
    assert is_refusal(judge, answer)


def test_it_can_be_switched_off(judge: Judge) -> None:
    answer = "I'm sorry, but I can't help with that."
    assert judge({"answer": answer}, LabelSpec(refusal=False)) is None


@pytest.mark.parametrize("language", sorted(load_table("refusals.toml")))
def test_no_text_keeps_the_rule_busy(judge: Judge, language: str) -> None:
    for opening in load_table("refusals.toml")[language]["openings"]:
        words = opening.translate(dict.fromkeys(map(ord, "{}[].|"), " "))
        assert not is_refusal(judge, (words + " ") * (490 // (len(words) + 1)))
