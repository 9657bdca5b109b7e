"""Checks of the answer, the label of the training: a wrong label teaches something wrong.

Imports api's `Run` and the nouns. A schema is never fetched from anywhere: one that points out of
itself, or is no JSON Schema, is not checked against.
"""

from functools import lru_cache
from typing import Any, NoReturn

import jsonschema_rs
import msgspec
from msgspec import UNSET, Struct

from pipeline.api.runs import Run
from pipeline.records import ChatRecord, RejectCode, Rejected
from pipeline.spec import LabelSpec
from pipeline.stages.facts import is_cut_off, max_tokens_of, token_use_of

__all__ = ["CheckLabel"]

_LONGEST_REASON = 300
_HOLLOW = ("{}", "[]")


class CheckLabel(Struct, frozen=True):
    """Keeps a record whose answer is there, whole, and follows the schema it was asked to."""

    spec: LabelSpec

    def __call__(self, run: Run, record: ChatRecord) -> Rejected | None:
        """Why the answer is no label, or None where it is one. Empty goes before truncated."""
        content = record.messages[-1].content
        answer = content if isinstance(content, str) else ""
        if self.spec.empty and not answer.strip():
            return _refuse("empty_answer", "the run has no result, or an empty one")
        if self.spec.truncated and (said := _cut_off(run)):
            return _refuse("truncated_answer", said)
        schema = record.response_schema
        refused = None if schema is UNSET else _check_schema(answer, bytes(schema))
        if self.spec.empty and answer in _HOLLOW and (refused or schema is UNSET):
            return _refuse("empty_answer", f"the result is {answer}, which no schema asks for")
        return refused if self.spec.schema else None


def _refuse(code: RejectCode, detail: str) -> Rejected:
    return Rejected("labels", code, detail)


def _cut_off(run: Run) -> str | None:
    if is_cut_off(run.finish_reason):
        return f"finish_reason is {run.finish_reason!r}"
    limit = max_tokens_of(run)
    if limit is None:
        return None
    used = token_use_of(run).result
    if used is None or used < limit:
        return None
    return f"the answer took {used} tokens and its limit was {limit}"


def _check_schema(answer: str, schema: bytes) -> Rejected | None:
    validator = _validator(schema)
    if validator is None:
        return None
    try:
        value = msgspec.json.decode(answer)
    except (msgspec.DecodeError, RecursionError) as error:
        if _takes_text(schema):
            value = answer
        else:
            said = f"the answer is not JSON ({error}), and result_schema asks for it"
            return _refuse("answer_breaks_schema", said)
    if validator.is_valid(value):
        return None
    return _refuse("answer_breaks_schema", _sentence(validator, value))


def _sentence(validator: Any, value: Any) -> str:
    error = next(iter(validator.iter_errors(value)))
    path = "".join(
        f"[{step}]" if isinstance(step, int) else f".{step}" for step in error.instance_path
    )
    reason = error.message
    if len(reason) > _LONGEST_REASON:
        reason = f"{reason[:_LONGEST_REASON]}..."
    return f"{reason} - at `$.result{path}`"


@lru_cache(maxsize=256)
def _takes_text(schema: bytes) -> bool:
    """Whether an answer may be plain text: the schema asks for a string."""
    asked = msgspec.json.decode(schema).get("type")
    return asked == "string" or (isinstance(asked, list) and "string" in asked)


@lru_cache(maxsize=256)
def _validator(schema: bytes) -> Any | None:
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
