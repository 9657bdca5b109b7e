"""A run's `result`, old and new: text, any JSON value, or a list of {type, value} parts."""

import re
from typing import Any

from pipeline.stages.normalize.turns import NotUnderstood, compact

__all__ = ["read_answer"]

_KINDS = frozenset({"text", "json", "thoughts", "image", "video"})
_THINKING = re.compile(r"\A\s*<think>.*?</think>\s*", re.DOTALL)


def read_answer(result: Any) -> str:
    """The answer as text, empty where there is none; JSON compact in stored key order.

    Thoughts are left out. An array whose items are not parts is itself the JSON answer.
    """
    match result:
        case None | "" | []:
            return ""
        case str():
            return _spoken(result)
        case list() if all(map(_is_part, result)):
            said = (_part(part, f"result[{at}]") for at, part in enumerate(result))
            return "\n".join(text for text in said if text is not None).strip()
        case _:
            return compact(result)


def _is_part(item: Any) -> bool:
    return isinstance(item, dict) and item.keys() == {"type", "value"} and item["type"] in _KINDS


def _part(part: dict[str, Any], path: str) -> str | None:
    value = part["value"]
    match part["type"]:
        case "thoughts":
            return None
        case "text" if isinstance(value, str):
            return _spoken(value)
        case "json":
            return "" if value is None else compact(value)
        case "image" | "video":
            raise NotUnderstood("unsupported_content", path, f"the answer is {part['type']}")
        case _:
            raise NotUnderstood("unknown_result_shape", f"{path}.value", "is no text")


def _spoken(text: str) -> str:
    return _THINKING.sub("", text).strip()
