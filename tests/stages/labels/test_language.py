"""Answers in another language than the one that was clearly asked for."""

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from pipeline.spec import LabelSpec
from pipeline.stages.labels.languages import code_of, family_of

Judge = Callable[..., Any]
Cases = Callable[[str], dict[str, Any]]
RULE = LabelSpec(refusal=False, echo=False, error_text=False, unfinished_json=False)
LOOP = "The loop is twelve kilometres long and takes about four hours with a rest at the lake."


def is_wrong(judge: Judge, case: dict[str, Any]) -> bool:
    rejected = judge(case, RULE)
    return rejected is not None and rejected.code == "wrong_language"


def test_languages(judge: Judge, cases: Cases) -> None:
    labelled = cases("languages")
    assert [case for case in labelled["wrong"] if not is_wrong(judge, case)] == []
    assert [case for case in labelled["right"] if is_wrong(judge, case)] == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("de", "de"),
        ("DE-at", "de"),
        ("pt_BR", "pt"),
        ("zh-Hans-CN", "zh"),
        ("nb", "no"),
        ("deu", "de"),
        ("German", "de"),
        ("Deutsch", "de"),
        ("FRANÇAIS", "fr"),
        ("Chinese (Simplified)", "zh"),
        ("日本語", "ja"),
        ("Türkçe", "tr"),
        ("python", None),
        ("auto", None),
        ("", None),
        ("xx", None),
        ("the customer's", None),
    ],
)
def test_codes_and_names(value: str, code: str | None) -> None:
    assert code_of(value) == code


def test_close_languages_are_not_told_apart() -> None:
    assert {"da", "sv"} <= family_of("no")
    assert {"sr", "bs"} <= family_of("hr")
    assert "es" not in family_of("pt")


def test_the_sentence_says_who_asked_and_what_came(judge: Judge) -> None:
    rejected = judge({"system": "Be brief. Answer in German.", "answer": LOOP})
    assert rejected.detail == (
        'German was asked for (the prompt says "answer in german") and the answer is in English: '
        f'"{LOOP[:77]}..."'
    )
    rejected = judge({"parameters": {"target_language": "fr"}, "answer": LOOP})
    assert rejected.detail.startswith('French was asked for (parameters.target_language is "fr")')


def test_a_turn_before_may_ask_for_something_else(check: Callable[..., Any]) -> None:
    turns = ["Answer in German.", "Answer in English from now on.", "How long is the loop?"]
    prompt = [{"role": "system", "content": turns[0]}]
    for turn in turns[1:]:
        prompt += [{"role": "user", "content": turn}, {"role": "assistant", "content": "Yes."}]
    assert check(prompt=prompt[:-1], result=LOOP) is None
    assert check(prompt=[prompt[0], prompt[3]], result=LOOP).code == "wrong_language"


def test_it_can_be_switched_off(judge: Judge) -> None:
    case = {"system": "Answer in German.", "answer": LOOP}
    assert judge(case, LabelSpec(language=False)) is None


def test_the_model_is_loaded_only_when_a_text_is_asked_about() -> None:
    program = "import sys, pipeline.stages.labels; print('py3langid' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
