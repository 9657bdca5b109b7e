"""The run's `result` becomes the text of the last message, the label.

A result is text, a JSON value (before September 2025), or a list of parts
`{type: text|json|thoughts|image|video, value}`. Thoughts are left out. JSON is written compactly,
keys in stored order; text loses the white space around it. An empty result gives an empty text,
which the label check refuses.
"""

import re
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.api.runs import Run
from pipeline.records import Rejected
from pipeline.stages.facts import decode_field, reference_of, wants_thoughts
from pipeline.stages.normalize.draft import refuse

__all__ = ["Answer", "read_answer"]

_PART_KEYS = {"type", "value"}
_THINKING = re.compile(r"\s*<think>.*?</think>\s*", re.DOTALL)
_REDACTED = "[Redacted thinking: "
_REASONING_MODEL = re.compile(r"deepseek.*r1")


class Answer(Struct, frozen=True):
    """What the model answered."""

    text: str
    is_json: bool = False


def read_answer(run: Run, *, has_schema: bool) -> Answer | Rejected:
    """The answer, or why it is not one of text."""
    answer = _read(decode_field(run.result), has_schema=has_schema)
    if isinstance(answer, Rejected):
        return answer
    if not answer.is_json and (bad := _refuse_text(run, answer.text)):
        return bad
    return answer


def _read(result: Any, *, has_schema: bool) -> Answer | Rejected:
    match result:
        case None | "" | []:
            return Answer("")
        case str():
            return Answer(_without_thinking(result))
        case list() if _are_parts(result):
            return _read_parts(result)
        case dict() | list():
            return _json(result)
        case _ if has_schema:
            return _json(result)
    kind = type(result).__name__
    return refuse("unknown_result_shape", f"a bare {kind}, and no schema asked for it", "$.result")


def _are_parts(items: list[Any]) -> bool:
    return all(isinstance(item, dict) and item.keys() == _PART_KEYS for item in items)


def _read_parts(parts: list[dict[str, Any]]) -> Answer | Rejected:
    texts: list[str] = []
    values: list[Any] = []
    for index, part in enumerate(parts):
        match part:
            case {"type": "text", "value": str() as text}:
                texts.append(text)
            case {"type": "json", "value": value}:
                values.append(value)
            case {"type": "thoughts"}:
                continue
            case {"type": "image" | "video" as kind}:
                said = f"the answer has a part of {kind}"
                return refuse("unsupported_content", said, f"$.result[{index}]")
            case _:
                said = f"a part of type {part['type']!r} that is not known"
                return refuse("unknown_result_shape", said, f"$.result[{index}]")
    return _join(texts, values)


def _join(texts: list[str], values: list[Any]) -> Answer | Rejected:
    text = _without_thinking("\n".join(texts))
    if not values:
        return Answer(text)
    if len(values) > 1 or text:
        said = "more than one JSON part, or text beside it"
        return refuse("unknown_result_shape", said, "$.result")
    return Answer("") if values[0] is None else _json(values[0])


def _json(value: Any) -> Answer:
    return Answer(msgspec.json.encode(value).decode(), is_json=True)


def _without_thinking(text: str) -> str:
    match = _THINKING.match(text)
    return (text[match.end() :] if match else text).strip()


def _refuse_text(run: Run, text: str) -> Rejected | None:
    """Text that is not the whole answer, or more than the answer."""
    if run.finish_reason in {"tool_use", "tool_calls"}:
        said = "the model ended its turn with a tool call, which is not stored"
        return refuse("tool_turn_without_call", said, "$.finish_reason")
    if text and _is_mixed_with_reasoning(run, text):
        said = "the model's reasoning stands in the answer's text and cannot be told from it"
        return refuse("unsupported_content", said, "$.result")
    return None


def _is_mixed_with_reasoning(run: Run, text: str) -> bool:
    """Bedrock sets the reasoning before the answer, without a mark between them."""
    if not (reference_of(run.environment).provider or "").startswith("bedrock"):
        return False
    if _REDACTED in text or wants_thoughts(run):
        return True
    return _REASONING_MODEL.search(run.model_id or "") is not None
