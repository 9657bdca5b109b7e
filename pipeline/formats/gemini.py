"""Vertex AI supervised tuning of Gemini: `{"systemInstruction", "contents", "tools"}`.

All turns of the model are trained; there are no weights, and thinking is left out. Vertex drops an
example with too many tokens or images. The limits are those of a training file of text; with
files beside the text it takes 300,000 examples, and a validation file takes 5,000 (or 30 % of the
training examples, if it has more than 1,000). Imports `records` and the shared files of this room.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pipeline.formats.fitting.carries import Carries
from pipeline.formats.format import Across, Format, Limits, Problem, Rule, Source
from pipeline.formats.mends.fields import unknown_keys_dropped
from pipeline.formats.mends.gemini import gemini_mends
from pipeline.formats.mends.places import Places
from pipeline.formats.mends.turns import tail_dropped
from pipeline.formats.rules.contents import (
    ORDER_RULES,
    RESPONSE_RULES,
    files_within,
    numbers_are_exact,
    responses_answer_calls,
    turns_follow,
)
from pipeline.formats.rules.turns import LAST_MESSAGE_OURS
from pipeline.formats.unread import at_places
from pipeline.formats.wires.gemini import (
    ENCODER,
    WireContent,
    WireTool,
    decode_contents,
    decode_system,
    decode_tools,
    either,
    encode_contents,
    encode_system,
    encode_tools,
)
from pipeline.records import ChatRecord

__all__ = ["GEMINI"]


class _Line(Struct, frozen=True, omit_defaults=True, rename="camel", kw_only=True):
    system_instruction: WireContent | UnsetType = UNSET
    contents: list[WireContent]
    tools: list[WireTool] = []


_DOCS = "https://docs.cloud.google.com/gemini-enterprise-agent-platform/models/tuning"
_PREPARE = Source(f"{_DOCS}/supervised-tuning/prepare-data", "2026-11-26")
_ABOUT = Source(f"{_DOCS}/supervised-tuning", "2026-11-26")
_IMAGE = Source(f"{_DOCS}/image", "2026-11-26")
_VIDEO = Source(f"{_DOCS}/video", "2026-11-26")
_MOST_IMAGES = 30

_LIMITS = Limits(
    max_examples=10_000_000,
    max_file_bytes=1_000_000_000,
    max_images=_MOST_IMAGES,
    max_image_bytes=20_000_000,
    max_example_tokens=131_072,
    sources={
        "max_examples": _ABOUT,
        "max_file_bytes": _ABOUT,
        "max_images": _IMAGE,
        "max_image_bytes": _IMAGE,
        "max_example_tokens": _ABOUT,
    },
)
_RULES: dict[str, Rule] = {
    "last-message": LAST_MESSAGE_OURS,
    **ORDER_RULES,
    **RESPONSE_RULES,
    "images": Rule(f"An example has {_MOST_IMAGES} images at most", "split the example", _IMAGE),
    "media-resolution": Rule(
        "All lines of the files have the same mediaResolution in generationConfig",
        "give every line the same one, or none",
        _VIDEO,
    ),
}


_BESIDE_A_FILE = ("videoMetadata", "video_metadata", "mediaResolution", "media_resolution")


def encode_gemini(record: ChatRecord) -> bytes:
    """The record's line; `response_schema` stays out."""
    line = _Line(
        system_instruction=encode_system(record.messages),
        contents=encode_contents(record.messages),
        tools=encode_tools(record.tools),
    )
    return ENCODER.encode(line)


def decode_gemini(line: bytes) -> ChatRecord:
    """The record of an accepted line.

    It has no place for toolConfig, generationConfig and what stands beside a file (videoMetadata,
    mediaResolution).
    """
    read = msgspec.json.decode(line)
    system = decode_system(either(read, "systemInstruction", "system_instruction"))
    return ChatRecord(
        (*system, *decode_contents(read["contents"])), decode_tools(read.get("tools", ()))
    )


def _break_rules(line: dict[str, Any]) -> Iterator[Problem]:
    contents = line["contents"]
    if contents[-1].get("role") != "model":
        pointer = f"/contents/{len(contents) - 1}"
        yield Problem("last-message", pointer, "the last turn is not the model's")
    yield from turns_follow(contents)
    yield from responses_answer_calls(contents)
    yield from numbers_are_exact(contents)
    yield from files_within(contents, _MOST_IMAGES)


def _same_resolution() -> Across:
    first: list[Any] = []

    def judge(line: dict[str, Any]) -> Iterator[Problem]:
        config = either(line, "generationConfig", "generation_config") or {}
        asked = either(config, "mediaResolution", "media_resolution")
        if not first:
            first.append(asked)
        elif asked != first[0]:
            said = f"asks for {asked}, the first line for {first[0]}"
            yield Problem("media-resolution", "", said)

    return judge


GEMINI = Format(
    name="gemini",
    title="Vertex AI supervised tuning of Gemini",
    kind="chat",
    schema="gemini",
    source=_PREPARE,
    limits=_LIMITS,
    carries=Carries(
        several_systems="joined",
        later_system="refused",
        same_role_turns="merged",
        content_beside_calls="never_empty",
        call_ids="numbered",
        results="objects",
        images=("https", "gs"),
        image_types=("image/png", "image/jpeg", "image/webp", "image/heic", "image/heif"),
        image_turns="user",
        text_parts="joined",
        weight="refused",
        tool_schemas="openapi",
    ),
    rules=_RULES,
    encode=encode_gemini,
    decode=decode_gemini,
    break_rules=_break_rules,
    across=_same_resolution,
    unread=at_places(
        *("toolConfig", "tool_config", "generationConfig", "generation_config"),
        *(f"contents/*/parts/*/{name}" for name in _BESIDE_A_FILE),
    ),
    mends=(
        *gemini_mends(),
        unknown_keys_dropped(
            *("systemInstruction", "system_instruction", "contents", "tools", "toolConfig"),
            *("tool_config", "generationConfig", "generation_config"),
        ),
        tail_dropped(Places(messages=(("contents",),), tools=("tools",)), "model"),
    ),
)
"""The chat format with tools and images at addresses."""
