"""Azure OpenAI fine-tuning, chat: OpenAI's line in a file that begins with a byte-order mark.

Sources, read 2026-11-26 at learn.microsoft.com: Foundry's pages on fine-tuning, vision fine-tuning
and tool calling. The deprecated functions (`function_call`, role `function`) are refused: write
tools. Imports `records` and the shared files of this room.
"""

from codecs import BOM_UTF8
from collections.abc import Iterator
from typing import Any

from msgspec.structs import replace

from pipeline.formats.format import Format, Limits, Problem, Source
from pipeline.formats.mends.fields import result_names_dropped
from pipeline.formats.mends.openai_like import openai_mends
from pipeline.formats.mends.places import CHAT
from pipeline.formats.mends.turns import tail_dropped
from pipeline.formats.mends.values import weights_of_others_dropped
from pipeline.formats.openai import OPENAI_CARRIES, decode_chat, encode_chat
from pipeline.formats.rules.images import image_rules, images_within
from pipeline.formats.rules.tools import TOOL_RULES, results_answer_calls
from pipeline.formats.rules.turns import (
    LAST_MESSAGE_OURS,
    NOTHING_TO_TRAIN,
    ends_with,
    trains_something,
)

__all__ = ["AZURE"]

_LEARN = "https://learn.microsoft.com/en-us/azure/foundry/openai/how-to"
_GUIDE = Source(f"{_LEARN}/fine-tuning", "2026-11-26")
_VISION = Source(f"{_LEARN}/fine-tuning-vision", "2026-11-26")
_LIMITS = Limits(
    min_examples=10,
    max_file_bytes=511_999_999,
    max_images=64,
    max_image_bytes=10_000_000,
    sources={
        "min_examples": _GUIDE,
        "max_file_bytes": _GUIDE,
        "max_images": _VISION,
        "max_image_bytes": _VISION,
    },
)


def _break_rules(line: dict[str, Any]) -> Iterator[Problem]:
    messages = line["messages"]
    yield from ends_with("assistant", messages)
    yield from trains_something(messages)
    yield from results_answer_calls(messages)
    yield from images_within(messages, _LIMITS)


AZURE = Format(
    name="azure",
    title="Azure OpenAI supervised fine-tuning, chat",
    kind="chat",
    schema="azure",
    source=_GUIDE,
    limits=_LIMITS,
    carries=OPENAI_CARRIES,
    rules={
        "last-message": LAST_MESSAGE_OURS,
        "nothing-to-train": replace(NOTHING_TO_TRAIN, why="the line would be paid for in vain"),
        **TOOL_RULES,
        **image_rules(_LIMITS),
    },
    encode=encode_chat,
    decode=decode_chat,
    break_rules=_break_rules,
    file_prefix=BOM_UTF8,
    mends=(
        *openai_mends(CHAT, "messages", "tools", "parallel_tool_calls"),
        weights_of_others_dropped(CHAT),
        result_names_dropped(CHAT),
        tail_dropped(CHAT),
    ),
)
"""OpenAI's line with Azure's limits; a file begins with a byte-order mark."""
