"""Google's own models of a Gemini example: `google-genai`, and `vertexai` for the chat example.

The models forbid unknown keys and take snake case beside camel case; no order of turns is looked
at. `GeminiExample` lies in google-cloud-aiplatform, whose types need google-genai alone: they are
imported without the SDK around them (`bare_package`).
"""

import logging
import warnings
from typing import Any

from google.genai import types
from google.genai.chats import _extract_curated_history, _validate_contents
from pydantic import ValidationError

from tests.oracles.oracle import bare_package, one_line, read_json, without

bare_package("google-cloud-aiplatform", "vertexai", "vertexai._genai", "vertexai._genai.types")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    from vertexai._genai.types.common import GeminiExample

__all__ = ["judge_chat", "judge_preference", "judge_turns"]

logging.getLogger("google_genai").setLevel(logging.ERROR)


def judge_chat(line: bytes) -> str | None:
    """A line of supervised tuning, as `GeminiExample`."""
    return _judge(GeminiExample, line)


def judge_preference(line: bytes) -> str | None:
    """A line of preference tuning, as `GeminiPreferenceExample`, its system instruction apart.

    The model has no field for the instruction, which the documentation of preference tuning shows.
    """
    try:
        value = read_json(line)
    except ValueError as error:
        return one_line(error)
    names = ("systemInstruction", "system_instruction")
    try:
        types.GeminiPreferenceExample.model_validate(without(value, *names))
        for name in names:
            if isinstance(value, dict) and name in value:
                types.Content.model_validate(value[name])
    except (ValidationError, AttributeError) as error:
        return one_line(error)
    return None


def judge_turns(line: bytes) -> str | None:
    """Whether google-genai's chat takes the turns as a history: their roles, no empty parts."""
    try:
        contents = read_json(line)["contents"]
        turns = [types.Content.model_validate(one) for one in contents]
        _extract_curated_history(turns)
    except (ValueError, TypeError, KeyError, AttributeError, ValidationError) as error:
        return one_line(error)
    return None if _validate_contents(turns) else "a turn has no parts, or an empty one"


def _judge(model: Any, line: bytes) -> str | None:
    try:
        model.model_validate(read_json(line))
    except (ValueError, ValidationError, AttributeError) as error:
        return one_line(error)  # its enumerations fall over what is no text: AttributeError
    return None
