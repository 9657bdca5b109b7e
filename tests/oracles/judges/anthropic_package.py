"""The `anthropic` package: its types of messages, read strictly by pydantic."""

from typing import NotRequired

from anthropic.types import MessageParam, TextBlockParam
from pydantic import ConfigDict, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from tests.oracles.oracle import exhaust, one_line, read_json

__all__ = ["judge"]


class _Line(TypedDict):
    __pydantic_config__ = ConfigDict(extra="forbid", strict=True)
    messages: list[MessageParam]
    system: NotRequired[str | list[TextBlockParam]]


_LINE = TypeAdapter(_Line)


def judge(line: bytes) -> str | None:
    """The system prompt and the messages as a request of the Messages API."""
    try:
        exhaust(_LINE.validate_python(read_json(line)))
    except (ValueError, ValidationError) as error:
        return one_line(error)
    return None
