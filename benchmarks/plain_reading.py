"""How a plain script reads exported runs: shared by every yardstick, so that all read the same.

Standard library and jsonschema; nothing of the package.
"""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import zstandard
from jsonschema import Draft202012Validator

__all__ = ["answer_of", "messages_of", "read_lines", "read_runs", "record_of", "usable"]


def read_lines(path: str) -> Iterator[str]:
    """The lines of a file, plain or zstd."""
    with Path(path).open("rb") as file:
        packed = path.endswith(".zst")
        lines = zstandard.ZstdDecompressor().stream_reader(file) if packed else file
        yield from io.TextIOWrapper(lines, encoding="utf-8")


def read_runs(path: str) -> Iterator[dict[str, Any]]:
    """One document a line."""
    return map(json.loads, read_lines(path))


validators: dict[str, Draft202012Validator] = {}


def is_valid(result: Any, schema: dict[str, Any]) -> bool:
    """Against the run's schema; one validator a schema."""
    key = json.dumps(schema)
    if key not in validators:
        validators[key] = Draft202012Validator(schema)
    return validators[key].is_valid(result)


def text_of(part: dict[str, Any]) -> str:
    """A part's text; tool calls and results as JSON."""
    return part["text"] if "text" in part else json.dumps(part)


def messages_of(prompt: Any) -> list[dict[str, str]]:
    """The prompt as a list of role and text."""
    if isinstance(prompt, dict):
        system = prompt.get("system") or []
        parts = system["parts"] if isinstance(system, dict) else system
        turns = [{"role": "system", "content": parts}] if parts else []
        turns += prompt.get("messages") or prompt.get("contents") or []
    else:
        turns = prompt
    messages = []
    for turn in turns:
        content = turn.get("content") or turn.get("parts") or ""
        text = content if isinstance(content, str) else "\n".join(map(text_of, content))
        role = "assistant" if turn["role"] == "model" else turn["role"]
        messages.append({"role": role, "content": text})
    return messages


def answer_of(result: Any) -> str:
    """The answer as text."""
    if isinstance(result, list) and result and isinstance(result[0], dict) and "value" in result[0]:
        return "\n".join(str(part["value"]) for part in result if part["type"] == "text")
    return result if isinstance(result, str) else json.dumps(result, ensure_ascii=False)


def usable(run: dict[str, Any]) -> bool:
    """Completed, stored, answered, not cut off, and as its schema says."""
    if run["status"] != "completed" or run.get("finish_reason") == "length":
        return False
    if not run.get("prompt") or not run.get("result") or isinstance(run["prompt"], str):
        return False
    return "result_schema" not in run or is_valid(run["result"], run["result_schema"])


def record_of(run: dict[str, Any]) -> list[dict[str, str]]:
    """The whole conversation: the prompt's messages and the answer."""
    return [*messages_of(run["prompt"]), {"role": "assistant", "content": answer_of(run["result"])}]
