"""What breaks a schema is said as the reference implementation says it."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from pipeline.formats import FORMATS, schemas
from pipeline.formats.schemas import Problem, SchemaCheck, pointer_to
from tests.formats.mutations import mutations

SCHEMAS = sorted({form.schema for form in FORMATS.values()})


def by_jsonschema(name: str, value: Any) -> set[tuple[str, str]]:
    """Every problem as the Python package `jsonschema` finds it."""
    registry: Any = Registry(retrieve=lambda uri: Resource.from_contents(schemas._beside(uri)))  # type: ignore[call-arg]
    validator = Draft202012Validator(schemas._schema(name), registry=registry)
    found = map(as_problem, validator.iter_errors(value))
    return {(problem.pointer, problem.reason) for problem in found}


def as_problem(error: Any) -> Problem:
    pointer = pointer_to(error.absolute_path)
    reason = error.schema.get("x-reason") or error.message
    return Problem("schema", pointer, reason if len(reason) <= 300 else f"{reason[:300]}...")


@pytest.mark.parametrize("name", SCHEMAS)
@given(data=st.data())
def test_places_and_sentences_are_those_of_jsonschema(name: str, data: st.DataObject) -> None:
    value = data.draw(mutations(name))
    found = SchemaCheck(name).problems(value)
    assert {(one.pointer, one.reason) for one in found} == by_jsonschema(name, value)
    assert {one.rule for one in found} <= {"schema"}


def test_what_nests_too_deeply_is_a_problem_all_the_same() -> None:
    value: Any = msgspec.json.decode(b'{"messages":' + b"[" * 300 + b"]" * 300 + b"}")
    (problem,) = SchemaCheck("openai-chat").problems(value)
    assert problem.reason == "breaks the schema, and nests too deeply to say where"
