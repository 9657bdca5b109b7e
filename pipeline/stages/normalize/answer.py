"""The run's `result` becomes the last message, the label, and the reasoning beside it.

A result is text, a JSON value (before September 2025), or a list of parts
`{type: text|json|thoughts|image|video, value}`. JSON is written with its keys in stored order;
text loses the white space around it. An empty result gives an empty text, which the label check
refuses. Calls that the model made are in `tool_use`, where the export kept them.
"""

import re
from typing import Any, Literal

import msgspec
from msgspec import Struct

from pipeline.api.runs import Run
from pipeline.records import Rejected
from pipeline.spec import NormalizeSpec
from pipeline.stages.facts import decode_field, reference_of, wants_thoughts
from pipeline.stages.normalize.draft import Call, refuse

__all__ = ["Answer", "read_answer"]

_KINDS = {"text", "json", "thoughts", "image", "video"}
_MOST_PART_KEYS = 3
"""A part has `type` and `value`, and at most a signature beside them."""
_THINKING = re.compile(r"\s*<think>(.*?)</think>\s*", re.DOTALL)
_THINKING_MARKS = ("<think>", "</think>")
_REDACTED = "[Redacted thinking: "
_REASONING_MODEL = re.compile(r"deepseek.*r1")
_TOOL_REASONS = {"tool_use", "tool_calls"}


class Answer(Struct, frozen=True):
    """What the model answered."""

    text: str
    thoughts: str | None = None
    """Its reasoning, where that was stored apart."""
    calls: tuple[Call, ...] = ()
    """The tools it called in the end."""


class _ToolUse(Struct):
    """A call as the platform's result of an execution names it."""

    id: str
    tool_name: str
    tool_input: dict[str, Any] | None = None


_TOOL_USES = msgspec.json.Decoder(list[_ToolUse] | None)


def read_answer(run: Run, spec: NormalizeSpec, *, has_schema: bool) -> Answer | Rejected:
    """The answer, or why it is not one of text."""
    read = _Reading(spec).read(decode_field(run.result), has_schema=has_schema)
    if isinstance(read, Rejected):
        return read
    calls = _read_calls(run)
    if isinstance(calls, Rejected):
        return calls
    if not calls and run.finish_reason in _TOOL_REASONS:
        said = "the model ended its turn with a tool call, which is not stored"
        return refuse("tool_turn_without_call", said, "$.finish_reason")
    if spec.inlined_reasoning == "quarantine" and (mixed := _mixed_reasoning(run, read)):
        said = f"{mixed}; normalize.inlined_reasoning = 'keep' keeps such answers"
        return refuse("reasoning_inlined", said, "$.result")
    place = "metadata" if read.is_json and spec.thoughts == "inline" else spec.thoughts
    return _place_thoughts(Answer(read.text, read.thoughts, calls), place)


class _Read(Struct, frozen=True):
    text: str
    thoughts: str | None = None
    is_json: bool = False


class _Reading(Struct, frozen=True):
    spec: NormalizeSpec

    def read(self, result: Any, *, has_schema: bool) -> _Read | Rejected:
        match result:
            case None | "" | []:
                return _Read("")
            case str():
                return _read_text(result)
            case list() if _are_parts(result):
                return self._read_parts(result)
            case list() if not has_schema and (unknown := _unknown_part(result)):
                said = f"a part of type {unknown[1]!r} that is not known"
                return refuse("unknown_result_shape", said, f"$.result[{unknown[0]}].type")
            case dict() | list():
                return self._json(result)
            case _ if has_schema:
                return self._json(result)
        said = f"a bare {type(result).__name__}, and no schema asked for it"
        return refuse("unknown_result_shape", said, "$.result")

    def _read_parts(self, parts: list[dict[str, Any]]) -> _Read | Rejected:
        texts: list[str] = []
        thoughts: list[str] = []
        values: list[Any] = []
        for index, part in enumerate(parts):
            path = f"$.result[{index}].value"
            match part["type"], part["value"]:
                case "json", value:
                    values.append(value)
                case "image" | "video" as kind, _:
                    said = f"the answer has a part of {kind}"
                    return refuse("non_text_output", said, path)
                case "text", str() as text:
                    texts.append(text)
                case "thoughts", str() as text:
                    thoughts.append(text)
                case "text" | "thoughts" as kind, None:
                    continue
                case kind, value:
                    said = f"a part of {kind} that holds a {type(value).__name__}"
                    return refuse("unknown_result_shape", said, path)
        return self._join(texts, thoughts, values)

    def _join(self, texts: list[str], thoughts: list[str], values: list[Any]) -> _Read | Rejected:
        said = _read_text("\n".join(texts))
        reasoning = "\n".join([*thoughts, *([said.thoughts] if said.thoughts else [])]) or None
        if not values:
            return _Read(said.text, reasoning)
        if len(values) > 1 or said.text:
            problem = "more than one JSON part, or text beside it"
            return refuse("unknown_result_shape", problem, "$.result")
        answer = _Read("") if values[0] is None else self._json(values[0])
        return _Read(answer.text, reasoning, answer.is_json)

    def _json(self, value: Any) -> _Read:
        data = msgspec.json.encode(value)
        match self.spec.json_answers:
            case "indented":
                data = msgspec.json.format(data, indent=2)
            case "spaced":
                data = msgspec.json.format(data, indent=0)
        return _Read(data.decode(), is_json=True)


def _are_parts(items: list[Any]) -> bool:
    return all(_is_part(item) and item["type"] in _KINDS for item in items)


def _is_part(item: Any) -> bool:
    return (
        isinstance(item, dict)
        and "value" in item
        and isinstance(item.get("type"), str)
        and len(item) <= _MOST_PART_KEYS
    )


def _unknown_part(items: list[Any]) -> tuple[int, str] | None:
    """The first part of a kind that is not known, in a list that looks like one of parts."""
    if not all(map(_is_part, items)):
        return None
    return next((at, item["type"]) for at, item in enumerate(items) if item["type"] not in _KINDS)


def _read_text(text: str) -> _Read:
    match = _THINKING.match(text)
    if match is None:
        return _Read(text.strip())
    return _Read(text[match.end() :].strip(), match[1].strip() or None)


def _read_calls(run: Run) -> tuple[Call, ...] | Rejected:
    if run.tool_use is msgspec.UNSET:
        return ()
    try:
        uses = _TOOL_USES.decode(run.tool_use) or []
    except msgspec.ValidationError as error:
        said, _, where = str(error).partition(" - at `$")
        return refuse("unknown_result_shape", said, "$.tool_use" + where.rstrip("`"))
    return tuple(Call(use.id, use.tool_name, use.tool_input or {}) for use in uses)


def _mixed_reasoning(run: Run, answer: _Read) -> str | None:
    """How it is known that the answer's text holds the reasoning too; None where it does not.

    Bedrock sets the reasoning before the answer, with a blank line between them and no mark.
    """
    if not answer.text or answer.is_json:
        return None
    if any(mark in answer.text for mark in _THINKING_MARKS):
        return "a mark of reasoning stands inside the answer's text"
    if not (reference_of(run.environment).provider or "").startswith("bedrock"):
        return None
    if _REDACTED in answer.text:
        return "redacted reasoning stands in the answer's text"
    if wants_thoughts(run) or _REASONING_MODEL.search(run.model_id or ""):
        return "the model's reasoning stands in the answer's text and cannot be told from it"
    return None


def _place_thoughts(answer: Answer, place: Literal["metadata", "drop", "inline"]) -> Answer:
    if answer.thoughts is None or place == "metadata":
        return answer
    if place == "drop":
        return Answer(answer.text, None, answer.calls)
    text = f"<think>\n{answer.thoughts}\n</think>\n\n{answer.text}"
    return Answer(text, answer.thoughts, answer.calls)
