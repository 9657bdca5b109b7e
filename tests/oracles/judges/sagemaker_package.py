"""The schemas and the checks of datasets in AWS's `sagemaker-train`.

`converse.json` looks for images in a local path, which no Bedrock file has: lines with media are
not shown to it. The function on prompts and completions is decorated with telemetry, which is left
out; its package is imported without its start (`bare_package`).
"""

import json
import sys
from functools import cache
from importlib.metadata import distribution
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema_rs

from tests.oracles.oracle import bare_package, one_line, read_json

bare_package("sagemaker-train", "sagemaker", "sagemaker.ai_registry")
for _name in ("sagemaker.core.telemetry.constants", "sagemaker.core.telemetry.telemetry_logging"):
    sys.modules[_name] = ModuleType(_name)
sys.modules["sagemaker.core.telemetry.constants"].Feature = type(  # type: ignore[attr-defined]
    "Feature", (), {"MODEL_CUSTOMIZATION": 0}
)
sys.modules["sagemaker.core.telemetry.telemetry_logging"]._telemetry_emitter = (  # type: ignore[attr-defined]
    lambda **_: lambda function: function
)

from sagemaker.ai_registry.dataset_validation import validate_sft  # noqa: E402 (after the above)

__all__ = ["has_no_media", "judge_converse", "judge_prompt", "judge_prompt_schema"]


@cache
def _schema(name: str) -> Any:
    folder = Path(str(distribution("sagemaker-train").locate_file("sagemaker/ai_registry/schemas")))
    return jsonschema_rs.validator_for(json.loads((folder / f"{name}.json").read_bytes()))


def has_no_media(value: Any) -> bool:
    """Whether `converse.json` was written for such a line."""
    return "s3Location" not in json.dumps(value)


def judge_converse(line: bytes) -> str | None:
    """By `converse.json`."""
    return _judge("converse", line)


def judge_prompt_schema(line: bytes) -> str | None:
    """By `hf_prompt_completion.json`."""
    return _judge("hf_prompt_completion", line)


def judge_prompt(line: bytes) -> str | None:
    """By `validate_sft`: a prompt and a completion, both strings."""
    try:
        validate_sft([read_json(line)])
    except (ValueError, TypeError) as error:
        return one_line(error)
    return None


def _judge(name: str, line: bytes) -> str | None:
    try:
        _schema(name).validate(read_json(line))
    except (ValueError, jsonschema_rs.ValidationError) as error:
        place = "/".join(map(str, getattr(error, "instance_path", ())))
        return one_line(f"{place}: {str(error).splitlines()[0]}")
    return None
