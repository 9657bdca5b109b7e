"""The JSON Schemas that ship with the package, as validators: a quick verdict, a slow sentence.

Lives on `pipeline/schemas/` of the installed package, or `schemas/` beside it in a checkout. A
schema may refer to one beside it by its file's name. Imports nothing of the package.
"""

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
from msgspec import Struct

__all__ = ["Problem", "SchemaCheck"]

_FOLDERS = (files("pipeline") / "schemas", Path(__file__).parents[2] / "schemas")
_SUFFIX = ".schema.json"
_HOME = "https://trainset.invalid/schemas/"
"""Where references between schemas are resolved; nothing is ever fetched."""
_LONGEST_REASON = 300


class Problem(Struct, frozen=True):
    """A broken rule of a line."""

    rule: str
    """A short stable name, for counting."""
    pointer: str
    """JSON pointer (RFC 6901) of the place; empty for the whole line."""
    reason: str
    """What is wrong there, as the end of a sentence."""


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
        path = folder / f"{name}{_SUFFIX}"
        if path.is_file():
            return {"$id": f"{_HOME}{name}{_SUFFIX}", **msgspec.json.decode(path.read_bytes())}
    raise FileNotFoundError(f"schemas/{name}{_SUFFIX} is missing from the installation")


def _beside(address: str) -> Any:
    """The schema that another one refers to."""
    return _schema(address.removeprefix(_HOME).removesuffix(_SUFFIX))


@cache
def _validator(name: str) -> Any:
    return jsonschema_rs.validator_for(_schema(name), retriever=_beside)


@cache
def _slow_validator(name: str) -> Any:
    from jsonschema import Draft202012Validator  # noqa: PLC0415 (only for lines that fail)
    from referencing import Registry, Resource  # noqa: PLC0415

    registry: Any = Registry(retrieve=lambda uri: Resource.from_contents(_beside(uri)))  # type: ignore[call-arg]
    return Draft202012Validator(_schema(name), registry=registry)
