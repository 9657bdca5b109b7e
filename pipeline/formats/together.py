"""Together fine-tuning, conversational data: OpenAI's chat line with the rules of its own server.

Turns alternate, images are in the line, and contents are all texts or all parts. Weights stand on
all messages or on none: its page of 2025-11 says that one weight switches the training on inputs
on, and that 1 is the default; today's page says nothing of either. Its other shapes, prompts with
completions and bare text, are not read here. Imports `records` and the shared files of this room.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from pipeline.formats.fitting.carries import Carries
from pipeline.formats.format import Format, Limits, Problem, Rule, Source
from pipeline.formats.mends.openai_like import openai_mends
from pipeline.formats.mends.places import CHAT
from pipeline.formats.mends.turns import systems_joined, texts_in_parts, turns_merged
from pipeline.formats.openai import decode_chat, encode_chat
from pipeline.formats.rules.images import image_rules, images_within
from pipeline.formats.rules.tools import TOOL_RULES, results_answer_calls
from pipeline.formats.rules.turns import (
    ALTERNATION,
    FIRST_MESSAGE,
    NOTHING_TO_TRAIN,
    SYSTEM_FIRST,
    alternates,
    begins_with,
    cited,
    system_comes_first,
    trains_something,
)

__all__ = [
    "TOGETHER",
    "TOGETHER_CARRIES",
    "TOGETHER_CODE",
    "TOGETHER_LIMITS",
    "TOGETHER_PAGE",
    "TOGETHER_TURN_RULES",
    "break_turn_rules",
]

TOGETHER_PAGE = Source("https://docs.together.ai/docs/fine-tuning/data-preparation", "2026-11-26")
_VISION = Source("https://docs.together.ai/docs/fine-tuning/vision", "2026-11-26")
TOGETHER_CODE = Source(
    "https://github.com/togethercomputer/together-py, lib/utils/files.py of 2.14.0", "2026-11-26"
)

TOGETHER_LIMITS = Limits(
    min_examples=1,
    max_file_bytes=100_000_000_000,
    max_images=10,
    max_image_bytes=10_485_760,
    sources={
        "min_examples": TOGETHER_CODE,
        "max_file_bytes": TOGETHER_PAGE,
        "max_images": _VISION,
        "max_image_bytes": TOGETHER_CODE,
    },
)
TOGETHER_CARRIES = Carries(
    several_systems="joined",
    later_system="refused",
    same_role_turns="merged",
    images=("data",),
    image_types=("image/jpeg", "image/png", "image/webp"),
    texts="in_parts",
    weight="spelled_out",
    example_weight="kept",
    reasoning="kept",
)
TOGETHER_TURN_RULES: dict[str, Rule] = {
    "system-first": cited(SYSTEM_FIRST, TOGETHER_PAGE),
    "alternation": cited(ALTERNATION, TOGETHER_PAGE),
    "mixed-content": Rule(
        "The contents of an example are all texts or all lists of parts",
        "write every text of the example as a part",
        TOGETHER_CODE,
    ),
    **image_rules(TOGETHER_LIMITS),
}
"""Rules of a conversation that hold for a preference's input as well."""
_RULES: dict[str, Rule] = {
    "first-message": cited(FIRST_MESSAGE, TOGETHER_PAGE),
    "nothing-to-train": cited(NOTHING_TO_TRAIN, TOGETHER_CODE),
    "weight": Rule(
        "A weight is the whole number 0 or 1", "write it without a point", TOGETHER_CODE
    ),
    "image-weight": Rule(
        "A message with images has no weight but 0", "take its weight away", TOGETHER_CODE
    ),
    **TOGETHER_TURN_RULES,
    **TOOL_RULES,
}


def break_turn_rules(messages: Sequence[dict[str, Any]], at: str) -> Iterator[Problem]:
    """What `TOGETHER_TURN_RULES` have against the messages at this pointer."""
    yield from system_comes_first(messages, at)
    yield from alternates(messages, at)
    yield from _mixed(messages, at)
    yield from images_within(messages, TOGETHER_LIMITS, at)


def _mixed(messages: Sequence[dict[str, Any]], at: str) -> Iterator[Problem]:
    first: type[Any] | None = None
    for number, message in enumerate(messages):
        content = message.get("content")
        if content is None or (content == "" and "tool_calls" in message):
            continue
        first = first or type(content)
        if type(content) is not first:
            is_text = isinstance(content, str)
            said = "is a text beside contents in parts" if is_text else "is in parts beside texts"
            yield Problem("mixed-content", f"{at}/{number}/content", said)


def _break_rules(line: dict[str, Any]) -> Iterator[Problem]:
    messages = line["messages"]
    yield from begins_with("user", messages)
    yield from trains_something(messages)
    yield from _break_weight_rules(messages)
    yield from break_turn_rules(messages, "/messages")
    yield from results_answer_calls(messages)


def _break_weight_rules(messages: Sequence[dict[str, Any]]) -> Iterator[Problem]:
    for number, message in enumerate(messages):
        weight = message.get("weight")
        if weight is None:
            continue
        pointer = f"/messages/{number}/weight"
        if isinstance(weight, float):
            yield Problem("weight", pointer, "is written with a point")
        if weight and _has_image(message):
            yield Problem("image-weight", pointer, "is the weight of a message with an image")


def _has_image(message: dict[str, Any]) -> bool:
    content = message.get("content")
    return isinstance(content, list) and any(part["type"] == "image_url" for part in content)


TOGETHER = Format(
    name="together",
    title="Together fine-tuning, conversational data",
    kind="chat",
    schema="together",
    source=TOGETHER_PAGE,
    limits=TOGETHER_LIMITS,
    carries=TOGETHER_CARRIES,
    rules=_RULES,
    encode=encode_chat,
    decode=decode_chat,
    break_rules=_break_rules,
    mends=(
        *openai_mends(CHAT, "messages", "tools", "weight"),
        systems_joined(CHAT),
        turns_merged(CHAT),
        texts_in_parts(CHAT),
    ),
)
"""Chat with tools, images in the line, reasoning, and weights of messages and examples."""
