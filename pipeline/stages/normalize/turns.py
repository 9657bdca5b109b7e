"""What the readers of all prompt shapes share: a turn as it was read, and how reading fails.

Imports only `records`.
"""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from pipeline.records import ImagePart, RejectCode, Tool, ToolCall

__all__ = ["NotUnderstood", "ReadPrompt", "Turn", "compact", "expect", "image_of"]

_JSON_NAMES = {"dict": "object", "list": "array", "str": "string"}
_TRUNCATED = "...[truncated binary]..."


class NotUnderstood(Exception):
    """Inside the readers alone: what was not understood, and where. Ends as a `Rejected`."""

    def __init__(self, code: RejectCode, path: str, said: str) -> None:
        super().__init__(said)
        self.code = code
        self.path = path
        self.said = said


@dataclass(slots=True)
class Turn:
    """One segment of a prompt in the words of `records`, before anything is merged."""

    role: str
    parts: list[str | ImagePart] = field(default_factory=list)
    calls: list[ToolCall] = field(default_factory=list)
    tool_call_id: str | None = None


@dataclass(slots=True)
class ReadPrompt:
    """What a reader gives: turns in order, system ones among them, and the tools on offer."""

    turns: list[Turn]
    tools: tuple[Tool, ...] = ()


def expect(value: Any, kind: type[Any], path: str) -> Any:
    """The value, if it is of that JSON kind."""
    if not isinstance(value, kind):
        raise NotUnderstood("unknown_prompt_shape", path, f"is no {_JSON_NAMES[kind.__name__]}")
    return value


def compact(value: Any) -> str:
    """JSON without spaces, keys in stored order."""
    return msgspec.json.encode(value).decode()


def image_of(url: str, path: str) -> ImagePart:
    """The image of a data URL or of an address."""
    if _TRUNCATED in url:
        raise NotUnderstood("unsupported_content", path, "the stored image is truncated")
    head, found, data = url.partition(";base64,")
    if found and head.startswith("data:"):
        return ImagePart(mime_type=head.removeprefix("data:"), data=data)
    if url.startswith(("https://", "http://", "gs://", "s3://")):
        return ImagePart(url=url)
    raise NotUnderstood("unsupported_content", path, "is no data URL and no address of an image")
