"""TRL's own functions on a record, and the chat templates that it ships, without torch.

`trl.data_utils` needs transformers and datasets alone. What the trainers do after the template
(tokens, masks, packing) needs torch and is not asked. The tokenizer is a toy: what a template
makes is text.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import trl
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from trl.data_utils import apply_chat_template, is_conversational

from tests.oracles.oracle import one_line, read_json

__all__ = ["TEMPLATES", "judge"]

TEMPLATES = ("qwen3", "gptoss", "gemma4_v5")
"""Of the templates that TRL ships, three houses' that take a system message and several calls."""


@cache
def _tokenizer(template: str) -> Any:
    folder = Path(trl.__file__).with_name("chat_templates")
    toy = PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), eos_token="</s>")
    toy.chat_template = (folder / f"{template}.jinja").read_text(encoding="utf-8")
    return toy


def judge(line: bytes) -> str | None:
    """A record of a dataset, as a trainer prepares it."""
    try:
        example = read_json(line)
    except ValueError as error:
        return one_line(error)
    if not isinstance(example, dict):
        return "is no object"
    try:
        if not is_conversational(example):
            return "is_conversational says no"
        tools = example.get("tools")
        for template in TEMPLATES:
            apply_chat_template(
                example,
                _tokenizer(template),
                tools=read_json(tools.encode()) if isinstance(tools, str) else tools,
            )
    except Exception as error:  # noqa: BLE001 (a template raises what it likes)
        return one_line(error)
    return None
