"""Answers that are not there, were cut off, lost, or break their schema."""

from collections.abc import Callable
from typing import Any

import pytest

from pipeline.spec import LabelSpec

Check = Callable[..., Any]
SCHEMA = {
    "type": "object",
    "properties": {"team": {"enum": ["a", "b"]}, "list": {"items": {"type": "integer"}}},
    "required": ["team"],
}


@pytest.mark.parametrize(
    "result",
    [None, "", " \n", [], [{"type": "text", "value": ""}], {}, [{"type": "json", "value": {}}]],
)
@pytest.mark.parametrize("schema", [None, SCHEMA])
def test_empty_answers(code: Check, result: Any, schema: Any) -> None:
    assert code(result=result, result_schema=schema) == "empty_answer"
    if schema is None:
        assert code(LabelSpec(empty=False), result=result) is None


def test_an_empty_object_that_its_schema_takes_is_an_answer(code: Check) -> None:
    assert code(result={}, result_schema={"type": "object"}) is None


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"finish_reason": "length"}, "truncated_answer"),
        ({"finish_reason": "MAX_TOKENS"}, "truncated_answer"),
        ({"token_use": {"result": 64}, "config": {"max_tokens": 64}}, "truncated_answer"),
        (
            {"token_use": {"completion": 64}, "config": {"model_options": {"max_tokens": 64}}},
            "truncated_answer",
        ),
        ({"token_use": {"result": 63}, "config": {"max_tokens": 64}}, None),
        ({"token_use": {"result": "many"}, "config": {"max_tokens": 64}}, None),
        ({"token_use": {"result": 64}, "config": {"max_tokens": 0}}, None),
        ({"token_use": None, "config": "none"}, None),
    ],
)
def test_truncated_answers(code: Check, fields: dict[str, Any], expected: str | None) -> None:
    assert code(result="an answer", **fields) == expected
    assert code(LabelSpec(truncated=False), result="an answer", **fields) is None


@pytest.mark.parametrize(
    ("result", "says"),
    [
        ({"team": "c"}, '"c" is not one of "a" or "b" - at `$.result.team`'),
        ({"list": []}, '"team" is a required property - at `$.result`'),
        ({"team": "a", "list": [1, "x"]}, '"x" is not of type "integer" - at `$.result.list[1]`'),
        ("team a", "the answer is not JSON"),
    ],
)
def test_answers_that_break_their_schema(code: Check, check: Check, result: Any, says: str) -> None:
    rejected = check(result=result, result_schema=SCHEMA)
    assert rejected is not None
    assert rejected.code == "answer_breaks_schema"
    assert says in rejected.detail
    assert code(LabelSpec(schema=False), result=result, result_schema=SCHEMA) is None


def test_a_schema_may_ask_for_text(code: Check) -> None:
    assert code(result="yes", result_schema={"type": "string", "maxLength": 3}) is None
    assert code(result="no, never", result_schema={"type": "string", "maxLength": 3}) is not None


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "nonsense"},
        {"$ref": "https://example.com/schema.json"},
        {"$ref": "#/nowhere"},
        {"$schema": "https://example.com/meta"},
        {"pattern": "("},
        {"$uri": "store:1"},
        "not a schema",
        True,
    ],
)
def test_a_schema_that_cannot_be_used_is_not_checked(code: Check, schema: Any) -> None:
    assert code(result={"team": "c"}, result_schema=schema) is None


def test_lists_of_draft_7_are_understood(code: Check) -> None:
    schema = {"type": "array", "items": [{"type": "integer"}, {"type": "string"}]}
    assert code(result=[1, "a"], result_schema=schema) is None
    assert code(result=["a", 1], result_schema=schema) == "answer_breaks_schema"


def test_a_large_number_is_checked_exactly(code: Check) -> None:
    schema = {"properties": {"n": {"maximum": 10}}, "type": "object"}
    assert code(result={"n": 10**40}, result_schema=schema) == "answer_breaks_schema"


@pytest.mark.parametrize(
    ("evaluation", "expected"),
    [
        ({"selected": False}, "not_selected"),
        ({"selected": False, "score": 1}, "not_selected"),
        ({"selected": True}, None),
        ({"selected": None}, None),
        ({"selected": "false"}, None),
        ({"score": 1}, None),
        (None, None),
        ("none", None),
    ],
)
def test_a_mediators_losers(code: Check, evaluation: Any, expected: str | None) -> None:
    assert code(result="an answer", evaluation=evaluation) == expected
    assert code(LabelSpec(selected=False), result="an answer", evaluation=evaluation) is None


def test_an_answer_that_only_calls_a_tool_is_not_empty(code: Check) -> None:
    use = [{"id": "1", "tool_name": "look", "tool_input": {}}]
    assert code(result=None, tool_use=use, finish_reason="tool_use") is None
    assert code(result=None, tool_use=use, result_schema=SCHEMA) is None


def test_a_cause_goes_before_what_it_brings_about(code: Check) -> None:
    half = '{"team": "a", "list": [1, 2'
    assert code(result=half, result_schema=SCHEMA) == "unfinished_json"
    assert code(result=half, result_schema=SCHEMA, finish_reason="length") == "truncated_answer"
    assert code(result="Internal Server Error", result_schema=SCHEMA) == "error_text"
    refusal = "I'm sorry, but I can't help with that."
    assert code(result=refusal, result_schema=SCHEMA) == "refusal"
    off = LabelSpec(refusal=False)
    assert code(off, result=refusal, result_schema=SCHEMA) == "answer_breaks_schema"
