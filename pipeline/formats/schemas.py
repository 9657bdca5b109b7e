"""The JSON Schemas that ship with the package, as validators: a quick verdict, a slow sentence.

Lives on `pipeline/schemas/` of the installed package, or `schemas/` beside it in a checkout.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec

from pipeline.formats.format import Problem

__all__ = ["SchemaCheck"]

_FOLDERS = (files("pipeline") / "schemas", Path(__file__).parents[2] / "schemas")
_LONGEST_REASON = 300


class SchemaCheck:
    """One schema: whether a value follows it, and where it does not."""

    def __init__(self, name: str) -> None:
        """Of `schemas/<name>.schema.json`, which is read at the first use."""
        self._name = name

    def problems(self, value: Any) -> tuple[Problem, ...]:
        """Every place where the value does not follow the schema; the verdict comes first."""
        if _validator(self._name).is_valid(value):
            return ()
        errors = _slow_validator(self._name).iter_errors(value)
        return tuple(sorted(map(_problem, errors), key=lambda problem: problem.pointer))


def _problem(error: Any) -> Problem:
    pointer = "".join(f"/{_escaped(step)}" for step in error.absolute_path)
    reason = error.schema.get("x-reason") or error.message
    if len(reason) > _LONGEST_REASON:
        reason = f"{reason[:_LONGEST_REASON]}..."
    return Problem("schema", pointer, reason)


def _escaped(step: str | int) -> str:
    return str(step).replace("~", "~0").replace("/", "~1")


@cache
def _schema(name: str) -> Any:
    for folder in _FOLDERS:
        path = folder / f"{name}.schema.json"
        if path.is_file():
            return msgspec.json.decode(path.read_bytes())
    raise FileNotFoundError(f"schemas/{name}.schema.json is missing from the installation")


@cache
def _validator(name: str) -> Any:
    return jsonschema_rs.validator_for(_schema(name))


@cache
def _slow_validator(name: str) -> Any:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 (only for lines that fail)

    return Draft202012Validator(_schema(name))
