"""OpenAI direct preference optimization: an input, one preferred and one other output.

Text alone. Imports `records` and the shared files of this room.
"""

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pipeline.formats.fitting.carries import Carries
from pipeline.formats.format import Format, Limits, Source
from pipeline.formats.mends.fields import result_names_dropped
from pipeline.formats.mends.openai_like import openai_mends
from pipeline.formats.mends.places import PAIR
from pipeline.formats.mends.values import output_weights_dropped, weights_of_others_dropped
from pipeline.formats.rules.preferences import PREFERENCE_RULES, break_preference_rules
from pipeline.formats.rules.tools import TOOL_RULES
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
from pipeline.records import PreferenceRecord

__all__ = ["OPENAI_DPO", "decode_preference", "encode_preference"]


class _Input(Struct, frozen=True, omit_defaults=True):
    messages: tuple[WireMessage, ...]
    tools: tuple[WireTool, ...] = ()
    parallel_tool_calls: bool | UnsetType = UNSET


class _Line(Struct, frozen=True, omit_defaults=True):
    input: _Input
    preferred_output: tuple[WireMessage, ...]
    non_preferred_output: tuple[WireMessage, ...]
    weight: float | UnsetType = UNSET
    """OpenAI takes none; formats that copy the line may."""


_DECODER = msgspec.json.Decoder(_Line)
_GUIDE = Source(
    "https://developers.openai.com/api/docs/guides/direct-preference-optimization", "2026-11-26"
)
_OPENAPI = Source("https://github.com/openai/openai-openapi, POST /files", "2026-11-23")
_TUNING = Source(
    "https://developers.openai.com/api/docs/guides/supervised-fine-tuning", "2026-11-23"
)


def encode_preference(record: PreferenceRecord) -> bytes:
    """The preference's line."""
    line = _Line(
        _Input(
            tuple([encode_message(message) for message in record.prompt]),
            encode_tools(record.tools),
            or_unset(record.parallel_tool_calls),
        ),
        tuple([encode_message(message) for message in record.chosen]),
        tuple([encode_message(message) for message in record.rejected]),
        or_unset(record.weight),
    )
    return ENCODER.encode(line)


def decode_preference(line: bytes) -> PreferenceRecord:
    """The preference of an accepted line."""
    read = _DECODER.decode(line)
    return PreferenceRecord(
        prompt=decode_messages(read.input.messages),
        chosen=decode_messages(read.preferred_output),
        rejected=decode_messages(read.non_preferred_output),
        tools=decode_tools(read.input.tools),
        parallel_tool_calls=or_none(read.input.parallel_tool_calls),
        weight=or_none(read.weight),
    )


OPENAI_DPO = Format(
    name="openai-dpo",
    title="OpenAI direct preference optimization",
    kind="preference",
    schema="openai-dpo",
    source=_GUIDE,
    limits=Limits(
        min_examples=10,
        max_file_bytes=512_000_000,
        sources={"min_examples": _TUNING, "max_file_bytes": _OPENAPI},
    ),
    carries=Carries(weight="refused", names="kept", strict="kept", parallel_tool_calls="kept"),
    rules={**PREFERENCE_RULES, **TOOL_RULES},
    encode=encode_preference,
    decode=decode_preference,
    break_rules=break_preference_rules,
    mends=(
        *openai_mends(PAIR, "input", "preferred_output", "non_preferred_output"),
        weights_of_others_dropped(PAIR),
        output_weights_dropped(PAIR),
        result_names_dropped(PAIR),
    ),
)
"""One answer preferred to another, both of one message."""
