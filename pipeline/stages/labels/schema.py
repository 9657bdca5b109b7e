"""The answer follows the schema it was asked to; and how schemas are checked against at all.

A schema is never fetched from anywhere: one that points out of itself, or is no JSON Schema, is not
checked against. Imports the nouns.
"""

from functools import lru_cache
from typing import Any, NoReturn

import jsonschema_rs
import msgspec
from msgspec import UNSET

from pipeline.records import Rejected
from pipeline.stages.labels.label import Label, refuse

__all__ = ["schema_broken", "sentence", "validator_of"]

_LONGEST_REASON = 300


def schema_broken(label: Label) -> Rejected | None:
    """Whether the answer breaks its result_schema; an answer that only calls tools is not asked."""
    schema = label.record.response_schema
    if schema is UNSET or (label.calls and not label.text):
        return None
    return _check(label.text, bytes(schema))


def _check(answer: str, schema: bytes) -> Rejected | None:
    validator = validator_of(schema)
    if validator is None:
        return None
    try:
        value = msgspec.json.decode(answer)
    except (msgspec.DecodeError, RecursionError) as error:
        if _takes_text(schema):
            value = answer
        else:
            said = f"the answer is not JSON ({error}), and result_schema asks for it"
            return refuse("answer_breaks_schema", said)
    if validator.is_valid(value):
        return None
    return refuse("answer_breaks_schema", sentence(validator, value, "$.result"))


def sentence(validator: Any, value: Any, root: str) -> str:
    """What is wrong with a value, and where below `root`."""
    error = next(iter(validator.iter_errors(value)))
    path = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path
    )
    reason = error.message
    if len(reason) > _LONGEST_REASON:
        reason = f"{reason[:_LONGEST_REASON]}..."
    return f"{reason} - at `{root}{path}`"


@lru_cache(maxsize=256)
def _takes_text(schema: bytes) -> bool:
    """Whether an answer may be plain text: the schema asks for a string."""
    asked = msgspec.json.decode(schema).get("type")
    return asked == "string" or (isinstance(asked, list) and "string" in asked)


@lru_cache(maxsize=1024)
def validator_of(schema: bytes) -> Any | None:
    """The validator of a schema; None where the schema itself cannot be used.

    A schema that does not name its draft is read as 2020-12, or else as draft 7, which is what
    the platform's own validator speaks.
    """
    value = msgspec.json.decode(schema)
    for build in (jsonschema_rs.validator_for, jsonschema_rs.Draft7Validator):
        try:
            return build(value, retriever=_never_fetch)
        except (ValueError, jsonschema_rs.ReferencingError):
            continue
    return None


def _never_fetch(uri: str) -> NoReturn:
    raise ValueError(f"{uri} is not fetched")
