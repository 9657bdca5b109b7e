"""OpenAI chat fine-tuning: `{"messages": [...], "tools": [...]}`, tool arguments as a string.

Sources, read 2026-11-23: OpenAI's OpenAPI document (FineTuneChatRequestInput) and the guides
supervised-fine-tuning and vision-fine-tuning at developers.openai.com/api/docs/guides. Its
deprecated functions (`function_call`, role `function`) are refused: write tools. Imports
`records` and the shared files of this room.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pipeline.formats.fitting.carries import Carries
from pipeline.formats.format import Format, Limits, Problem, Rule, Source
from pipeline.formats.mends.fields import result_names_dropped
from pipeline.formats.mends.openai_like import openai_mends
from pipeline.formats.mends.places import CHAT
from pipeline.formats.mends.turns import tail_dropped
from pipeline.formats.mends.values import weights_of_others_dropped
from pipeline.formats.rules.images import image_rules, images_within
from pipeline.formats.rules.tools import TOOL_RULES, results_answer_calls
from pipeline.formats.rules.turns import (
    LAST_MESSAGE_OURS,
    NOTHING_TO_TRAIN,
    cited,
    ends_with,
    trains_something,
)
from pipeline.formats.wires.openai import (
    ENCODER,
    WireMessage,
    WireTool,
    decode_messages,
    decode_tools,
    encode_message,
    encode_tools,
    or_none,
    or_unset,
)
from pipeline.records import ChatRecord

__all__ = [
    "OPENAI",
    "OPENAI_CARRIES",
    "OPENAI_MENDS",
    "break_chat_rules",
    "decode_chat",
    "encode_chat",
]


class _Line(Struct, frozen=True, omit_defaults=True):
    messages: tuple[WireMessage, ...]
    tools: tuple[WireTool, ...] = ()
    parallel_tool_calls: bool | UnsetType = UNSET
    weight: float | UnsetType = UNSET
    """OpenAI takes none; formats that copy the line may."""


_DECODER = msgspec.json.Decoder(_Line)
_GUIDE = Source(
    "https://developers.openai.com/api/docs/guides/supervised-fine-tuning", "2026-11-23"
)
_VISION = Source("https://developers.openai.com/api/docs/guides/vision-fine-tuning", "2026-11-23")
_OPENAPI = Source("https://github.com/openai/openai-openapi, POST /files", "2026-11-23")

_LIMITS = Limits(
    min_examples=10,
    max_file_bytes=512_000_000,
    max_images=10,
    max_image_bytes=10_000_000,
    sources={
        "min_examples": _GUIDE,
        "max_file_bytes": _OPENAPI,
        "max_images": _VISION,
        "max_image_bytes": _VISION,
    },
)
OPENAI_CARRIES = Carries(
    tools="kept",
    images=("data", "https"),
    address_types="dropped",
    detail="kept",
    weight="assistant",
    names="kept",
    strict="kept",
    parallel_tool_calls="kept",
)
OPENAI_MENDS = (
    *openai_mends(CHAT, "messages", "tools", "parallel_tool_calls"),
    weights_of_others_dropped(CHAT),
    result_names_dropped(CHAT),
    tail_dropped(CHAT),
)
_RULES: dict[str, Rule] = {
    "last-message": LAST_MESSAGE_OURS,
    "nothing-to-train": cited(NOTHING_TO_TRAIN, _GUIDE),
    **TOOL_RULES,
    **image_rules(_LIMITS),
}


def encode_chat(record: ChatRecord) -> bytes:
    """The record's line. What the format has no place for, `response_schema`, stays out."""
    line = _Line(
        messages=tuple([encode_message(message) for message in record.messages]),
        tools=encode_tools(record.tools),
        parallel_tool_calls=or_unset(record.parallel_tool_calls),
        weight=or_unset(record.weight),
    )
    return ENCODER.encode(line)


def decode_chat(line: bytes) -> ChatRecord:
    """The record of an accepted line; a tool's result gets its name from the call."""
    read = _DECODER.decode(line)
    return ChatRecord(
        decode_messages(read.messages),
        decode_tools(read.tools),
        parallel_tool_calls=or_none(read.parallel_tool_calls),
        weight=or_none(read.weight),
    )


def break_chat_rules(line: dict[str, Any], *, limits: Limits) -> Iterator[Problem]:
    """What no schema can say of a line, with the images that the limits allow."""
    messages = line["messages"]
    yield from ends_with("assistant", messages)
    yield from trains_something(messages)
    yield from results_answer_calls(messages)
    yield from images_within(messages, limits)


OPENAI = Format(
    name="openai",
    title="OpenAI supervised fine-tuning, chat",
    kind="chat",
    schema="openai-chat",
    source=_OPENAPI,
    limits=_LIMITS,
    carries=OPENAI_CARRIES,
    rules=_RULES,
    encode=encode_chat,
    decode=decode_chat,
    break_rules=partial(break_chat_rules, limits=_LIMITS),
    mends=OPENAI_MENDS,
)
"""The chat format with tools and images."""
