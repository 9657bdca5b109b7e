"""OpenAI's own schema of a training line, cut from its OpenAPI document.

`openai-finetune-input.schema.json` has `FineTuneChatRequestInput` and
`FineTunePreferenceRequestInput` of openai/openai-openapi at f7f4b05 (2025-07-04, MIT), the last
state that had them, with all that they refer to.
"""

import json
from pathlib import Path
from typing import Any

import jsonschema_rs

from tests.oracles.oracle import one_line, read_json

__all__ = ["judge_chat", "judge_preference"]

_DOCUMENT = json.loads(
    (Path(__file__).parents[1] / "openai-finetune-input.schema.json").read_text(encoding="utf-8")
)


def _validator(name: str) -> Any:
    return jsonschema_rs.validator_for({**_DOCUMENT, "$ref": f"#/$defs/{name}"})


_CHAT = _validator("FineTuneChatRequestInput")
_PREFERENCE = _validator("FineTunePreferenceRequestInput")


def judge_chat(line: bytes) -> str | None:
    """A line of supervised fine-tuning."""
    return _judge(_CHAT, line)


def judge_preference(line: bytes) -> str | None:
    """A line of direct preference optimization."""
    return _judge(_PREFERENCE, line)


def _judge(validator: Any, line: bytes) -> str | None:
    try:
        validator.validate(read_json(line))
    except (ValueError, jsonschema_rs.ValidationError) as error:
        place = "/".join(map(str, getattr(error, "instance_path", ())))
        return one_line(f"{place}: {str(error).splitlines()[0]}")
    return None
