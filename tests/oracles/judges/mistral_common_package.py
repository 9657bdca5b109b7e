"""The `mistral-common` package: its models of messages and tools, and its fine-tuning validators.

Validator 3 holds to ids of nine characters and to text or calls in a turn; 11 pairs results with
calls by their ids. A line is accepted where both accept it.
"""

from typing import Any

from mistral_common.exceptions import MistralCommonException
from mistral_common.protocol.instruct.messages import FinetuningMessage
from mistral_common.protocol.instruct.tool_calls import Tool
from mistral_common.protocol.instruct.validator import (
    MistralRequestValidatorV3,
    MistralRequestValidatorV11,
    ValidationMode,
)
from pydantic import BaseModel, ConfigDict, ValidationError

from tests.oracles.oracle import one_line, read_json

__all__ = ["judge_v3", "judge_v11"]


class _Line(BaseModel):
    model_config = ConfigDict(extra="forbid")
    messages: list[FinetuningMessage]
    tools: list[Tool] | None = None


_V3 = MistralRequestValidatorV3(ValidationMode.finetuning)
_V11 = MistralRequestValidatorV11(ValidationMode.finetuning)


def judge_v3(line: bytes) -> str | None:
    """By the validator of tokenizers 3 and older."""
    return _judge(_V3, line)


def judge_v11(line: bytes) -> str | None:
    """By the validator of tokenizer 11."""
    return _judge(_V11, line)


def _judge(validator: Any, line: bytes) -> str | None:
    try:
        read = _Line.model_validate(read_json(line))
        validator.validate_messages(read.messages)
        validator._validate_tools(read.tools or [])
    except (ValidationError, ValueError, MistralCommonException) as error:
        return one_line(error)
    return None
