"""Azure OpenAI fine-tuning, chat: OpenAI's line in a file that begins with a byte-order mark.

Sources, read 2026-11-26 at learn.microsoft.com: Foundry's pages on fine-tuning, vision fine-tuning
and tool calling. The deprecated functions (`function_call`, role `function`) are refused: write
tools. Imports `records` and the shared files of this room.
"""

from codecs import BOM_UTF8
from functools import partial

from msgspec.structs import replace

from pipeline.formats.format import Format, Limits, Source
from pipeline.formats.openai import (
    OPENAI_CARRIES,
    OPENAI_MENDS,
    break_chat_rules,
    decode_chat,
    encode_chat,
)
from pipeline.formats.rules.images import image_rules
from pipeline.formats.rules.tools import TOOL_RULES
from pipeline.formats.rules.turns import LAST_MESSAGE_OURS, NOTHING_TO_TRAIN

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
    break_rules=partial(break_chat_rules, limits=_LIMITS),
    file_prefix=BOM_UTF8,
    mends=OPENAI_MENDS,
)
"""OpenAI's line with Azure's limits; a file begins with a byte-order mark."""
