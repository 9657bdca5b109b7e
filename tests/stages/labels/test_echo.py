"""Answers that repeat the prompt, where nobody asked for that."""

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.spec import LabelSpec

Judge = Callable[..., Any]
Cases = Callable[[str], dict[str, Any]]
RULE = LabelSpec(language=False)


def is_echo(judge: Judge, case: dict[str, Any]) -> bool:
    rejected = judge(case, RULE)
    return rejected is not None and rejected.code == "prompt_echo"


def test_echoes(judge: Judge, cases: Cases) -> None:
    labelled = cases("echoes")
    assert [case for case in labelled["echoes"] if not is_echo(judge, case)] == []
    assert [case for case in labelled["answers"] if is_echo(judge, case)] == []


@pytest.mark.parametrize(("besides", "expected"), [(10, True), (19, True), (40, False)])
def test_a_long_question_with_little_besides(judge: Judge, besides: int, *, expected: bool) -> None:
    question = "Where is the lamp that I ordered? " * 3
    case = {"question": question, "answer": question + "x" * besides}
    assert is_echo(judge, case) is expected


def test_the_sentence_says_what_was_repeated(judge: Judge) -> None:
    ask = "How long is the Corrie loop?"
    rejected = judge({"question": ask, "answer": ask})
    assert rejected.detail == f'the answer repeats the user\'s last turn: "{ask}"'


def test_it_can_be_switched_off(judge: Judge) -> None:
    ask = "How long is the Corrie loop?"
    assert judge({"question": ask, "answer": ask}, LabelSpec(echo=False)) is None
