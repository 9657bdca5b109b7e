"""From a stored run to a training conversation: one file a prompt shape, chosen by structure.

Nothing is guessed: what is not understood is rejected with its code and JSON path. Other shapes
than those of `_read_prompt` are not built yet. Imports `records`, `spec`, api's `Run`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from pipeline.api.runs import Run
from pipeline.records import ChatRecord, Message, Rejected
from pipeline.spec import NormalizeSpec
from pipeline.stages.normalize.answers import read_answer
from pipeline.stages.normalize.conversation import messages_of
from pipeline.stages.normalize.converse import is_converse, read_converse
from pipeline.stages.normalize.gemini import read_gemini
from pipeline.stages.normalize.notices import strip_notices
from pipeline.stages.normalize.openai_chat import read_openai_chat
from pipeline.stages.normalize.turns import NotUnderstood, ReadPrompt
from pipeline.stages.refs import is_null, plain

__all__ = ["Normalize"]

_SEGMENT_ROLES = frozenset({"safety", "negative", "mask"})


@dataclass(frozen=True, slots=True)
class Normalize:
    """Make a record of a run, or say what could not be read."""

    spec: NormalizeSpec

    def __call__(self, run: Run) -> ChatRecord | Rejected:
        """The record, the answer as its last message."""
        if run.prompt is UNSET or is_null(run.prompt):
            return Rejected("normalize", "inputs_not_stored", _not_stored(run))
        try:
            return self._record(run, msgspec.json.decode(run.prompt))
        except NotUnderstood as error:
            return Rejected("normalize", error.code, f"{error.path} {error.said}")

    def _record(self, run: Run, prompt: Any) -> ChatRecord:
        answer = read_answer(plain(run.result))
        if run.finish_reason == "tool_use" and not answer:
            raise NotUnderstood(
                "tool_turn_without_call", "result", "is empty: the call itself is not stored"
            )
        schema, schema_bytes = _schema(run.result_schema)
        read = _read_prompt(prompt)
        turns = strip_notices(read.turns, schema)
        messages = messages_of(turns, self.spec.system_separator)
        return ChatRecord(
            messages=(*messages, Message("assistant", answer)),
            tools=read.tools,
            response_schema=schema_bytes,
        )


def _read_prompt(prompt: Any) -> ReadPrompt:
    """The structural dispatch: the first shape that fits, in the order of the specification."""
    read: Callable[[Any], ReadPrompt]
    match prompt:
        case {"contents": list()}:
            read = read_gemini
        case {"messages": list()} if "_is_openai_chat_completions" not in prompt and is_converse(
            prompt
        ):
            read = read_converse
        case [{"role": str(), "content": _}, *_] if not any(map(_is_other_array, prompt)):
            read = read_openai_chat
        case _:
            raise NotUnderstood(
                "unknown_prompt_shape", "prompt", "has a shape that is not read yet"
            )
    return read(prompt)


def _is_other_array(item: Any) -> bool:
    """Whether an item belongs to another array shape: Responses items, prompt segments."""
    if not isinstance(item, dict):
        return False
    if "type" in item or item.get("role") in _SEGMENT_ROLES:
        return True
    parts = item.get("content")
    if not isinstance(parts, list):
        return False
    return any(
        isinstance(part, dict) and str(part.get("type", "")).startswith(("input_", "output_"))
        for part in parts
    )


def _schema(value: Raw | UnsetType) -> tuple[Any, Raw | UnsetType]:
    """The run's result_schema decoded, and as compact JSON."""
    if value is UNSET or bytes(value) == b"null":
        return None, UNSET
    return _compact_schema(bytes(value))


@lru_cache(maxsize=1024)
def _compact_schema(data: bytes) -> tuple[Any, Raw]:
    schema = msgspec.json.decode(data)
    return schema, Raw(msgspec.json.encode(schema))


def _not_stored(run: Run) -> str:
    if is_null(run.parameters):
        return "neither prompt nor parameters were stored (storage level RESTRICTED)"
    return "the prompt was not stored; rendering it from the parameters is not built yet"
