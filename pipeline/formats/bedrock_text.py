"""A prompt and its completion: Titan Text, Llama 3.1 and Cohere Command on Amazon Bedrock.

Models differ in what they take, so the limits are the widest of them; those of a model stand in
the catalog. Imports `records` and the shared files of this room.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.formats.fitting.carries import Carries
from pipeline.formats.fitting.contents import text_of
from pipeline.formats.format import Format, Limits, Problem, Rule, Source
from pipeline.formats.mends.fields import nulls_dropped, unknown_keys_dropped
from pipeline.formats.mends.places import CHAT
from pipeline.records import ChatRecord, Message

__all__ = ["BEDROCK_TEXT"]


class _Line(Struct, frozen=True):
    prompt: str
    completion: str


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Line)
_GUIDE = Source(
    "https://docs.aws.amazon.com/bedrock/latest/userguide/model-customization-prepare.html",
    "2026-11-26",
)
_MOST_TOKENS = 16_000
"""Of Llama 3.1."""
_MOST_CHARS = 6 * _MOST_TOKENS


def _encode(record: ChatRecord) -> bytes:
    question, answer = record.messages
    return _ENCODER.encode(_Line(text_of(question), text_of(answer)))


def _decode(line: bytes) -> ChatRecord:
    read = _DECODER.decode(line)
    return ChatRecord((Message("user", read.prompt), Message("assistant", read.completion)))


def _break_rules(line: dict[str, Any]) -> Iterator[Problem]:
    chars = len(line["prompt"]) + len(line["completion"])
    if chars > _MOST_CHARS:
        yield Problem("characters", "", f"has {chars:,} characters; {_MOST_CHARS:,} are taken")


BEDROCK_TEXT = Format(
    name="bedrock-text",
    title="Amazon Bedrock, fine-tuning of Titan Text, Llama 3.1 and Cohere Command",
    kind="chat",
    schema="bedrock-text",
    source=_GUIDE,
    limits=Limits(
        max_example_tokens=_MOST_TOKENS,
        max_example_chars=_MOST_CHARS,
        sources={"max_example_tokens": _GUIDE, "max_example_chars": _GUIDE},
    ),
    carries=Carries(
        system="into_user",
        several_systems="joined",
        later_system="refused",
        same_role_turns="merged",
        several_turns="refused",
        tools="refused",
        text_parts="joined",
        weight="refused",
    ),
    rules={
        "characters": Rule(
            f"Prompt and completion have {_MOST_CHARS:,} characters at most, six for each token "
            "of the longest example that any of the models takes",
            "shorten the prompt",
            _GUIDE,
        )
    },
    encode=_encode,
    decode=_decode,
    break_rules=_break_rules,
    mends=(
        nulls_dropped(CHAT),
        unknown_keys_dropped("prompt", "completion"),
    ),
)
"""One question and one answer, both text."""
