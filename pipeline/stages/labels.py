"""Checks of the answer, the label of the training: a wrong label teaches.

Imports `spec`, `records`, api's `Run`.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import jsonschema_rs
import msgspec
from msgspec import UNSET

from pipeline.api.runs import Run
from pipeline.records import ChatRecord, RejectCode, Rejected
from pipeline.spec import LabelSpec
from pipeline.stages.refs import plain, tokens_of
from pipeline.stages.select import CUT_OFF

__all__ = ["CheckLabel"]

_LIMITS = ("max_tokens", "max_completion_tokens", "maxOutputTokens")


@dataclass(frozen=True, slots=True)
class CheckLabel:
    """Keep a record whose answer is whole and follows its own schema."""

    spec: LabelSpec

    def __call__(self, run: Run, record: ChatRecord) -> Rejected | None:
        """None for a good answer; the first check that fails names the reason."""
        answer = record.messages[-1].content
        text = answer if isinstance(answer, str) else ""
        if self.spec.empty and not text:
            return _rejected("empty_answer", "the run has no result, or an empty one")
        if self.spec.truncated and (said := _cut_off(run)):
            return _rejected("truncated_answer", said)
        if self.spec.schema and record.response_schema is not UNSET:
            return _follows(text, bytes(record.response_schema))
        return None


def _cut_off(run: Run) -> str | None:
    if run.finish_reason in CUT_OFF:
        return f"finish_reason is {run.finish_reason}"
    limit = _token_limit(plain(run.config))
    answered = tokens_of(run.token_use)[1]
    if limit and answered >= limit:
        return f"the answer has {answered} tokens and the limit was {limit}"
    return None


def _token_limit(config: Any) -> int | None:
    if not isinstance(config, dict):
        return None
    options = config.get("model_options")
    for place in (config, options if isinstance(options, dict) else {}):
        for name in _LIMITS:
            if isinstance(place.get(name), int) and place[name] > 0:
                return int(place[name])
    return None


def _follows(text: str, schema: bytes) -> Rejected | None:
    validator = _validator(schema)
    if validator is None:
        return None
    try:
        value = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        return _rejected("answer_breaks_schema", f"the answer is no JSON: {error}")
    if validator.is_valid(value):
        return None
    first = next(iter(validator.iter_errors(value)))
    path = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in first.instance_path)
    return _rejected("answer_breaks_schema", f"answer{path}: {first.message}"[:500])


@lru_cache(maxsize=1024)
def _validator(schema: bytes) -> Any | None:
    """The validator of a schema; None where the schema itself cannot be used."""
    decoded = msgspec.json.decode(schema)
    if not isinstance(decoded, dict | bool) or (isinstance(decoded, dict) and "$uri" in decoded):
        return None
    try:
        return jsonschema_rs.validator_for(decoded, retriever=_refuse)
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
        return None


def _refuse(uri: str) -> Any:
    raise ValueError(f"{uri}: schemas are never fetched")


def _rejected(code: RejectCode, detail: str) -> Rejected:
    return Rejected("labels", code, detail)
