"""Errors of programs are found, and answers about errors are none."""

from collections.abc import Callable
from typing import Any

from pipeline.spec import LabelSpec

Judge = Callable[..., Any]
Cases = Callable[[str], dict[str, Any]]
RULE = LabelSpec(refusal=False, language=False, echo=False)


def is_error(judge: Judge, case: dict[str, Any]) -> bool:
    rejected = judge(case, RULE)
    return rejected is not None and rejected.code == "error_text"


def test_errors(judge: Judge, cases: Cases) -> None:
    labelled = cases("errors")
    assert [case for case in labelled["errors"] if not is_error(judge, case)] == []
    assert [case for case in labelled["answers"] if is_error(judge, case)] == []


def test_the_sentence_quotes_the_error(judge: Judge) -> None:
    rejected = judge({"answer": "Error: 429 Too Many Requests. " + "Wait. " * 30})
    assert rejected.detail.startswith(
        "the answer is a program's error: \"Error: 429 Too Many Requests. Wait."
    )
    assert len(rejected.detail) < 130


def test_a_schema_may_ask_for_an_error(code: Callable[..., Any]) -> None:
    schema = {"type": "object", "properties": {"error": {"type": "string"}}}
    answer = {"error": "no order"}
    assert code(result=answer, result_schema=schema) is None
    assert code(result=answer) == "error_text"
    assert code(result="null", result_schema={"type": ["object", "null"]}) is None
    assert code(result="null") == "error_text"


def test_it_can_be_switched_off(judge: Judge) -> None:
    assert judge({"answer": "Internal Server Error"}, LabelSpec(error_text=False)) is None
