"""Claude 3 Haiku on Amazon Bedrock: a system prompt, and text of user and assistant in turn.

Imports `records` and the shared files of this room.
"""

from collections.abc import Iterator
from typing import Any, Literal

import msgspec
from msgspec import UNSET, Struct, UnsetType

from pipeline.formats.fitting.carries import Carries
from pipeline.formats.fitting.contents import text_of
from pipeline.formats.format import Format, Limits, Problem, Source
from pipeline.formats.mends.fields import nulls_dropped, unknown_keys_dropped
from pipeline.formats.mends.places import CHAT
from pipeline.formats.mends.systems import systems_lifted
from pipeline.formats.mends.turns import parts_joined, tail_dropped, turns_merged
from pipeline.formats.rules.turns import (
    ALTERNATION,
    FIRST_MESSAGE,
    LAST_MESSAGE,
    alternates,
    begins_with,
    cited,
    ends_with,
)
from pipeline.records import ChatRecord, Message

__all__ = ["BEDROCK_CLAUDE"]


class _Message(Struct, frozen=True):
    role: Literal["user", "assistant"]
    content: str


class _Line(Struct, frozen=True, omit_defaults=True, kw_only=True):
    system: str | UnsetType = UNSET
    messages: tuple[_Message, ...]


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Line)
_GUIDE = Source(
    "https://docs.aws.amazon.com/bedrock/latest/userguide/model-customization-prepare.html",
    "2026-11-26",
)
_COOKBOOK = Source(
    "https://platform.claude.com/cookbook/finetuning-finetuning-on-bedrock", "2026-11-26"
)


def _encode(record: ChatRecord) -> bytes:
    system: str | UnsetType = UNSET
    messages: list[_Message] = []
    for message in record.messages:
        if message.role == "system":
            system = text_of(message)
        else:
            role: Literal["user", "assistant"] = "user" if message.role == "user" else "assistant"
            messages.append(_Message(role, text_of(message)))
    return _ENCODER.encode(_Line(system=system, messages=tuple(messages)))


def _decode(line: bytes) -> ChatRecord:
    read = _DECODER.decode(line)
    messages = [Message(one.role, one.content) for one in read.messages]
    if not isinstance(read.system, UnsetType):
        messages.insert(0, Message("system", read.system))
    return ChatRecord(tuple(messages))


def _break_rules(line: dict[str, Any]) -> Iterator[Problem]:
    messages = line["messages"]
    yield from begins_with("user", messages)
    yield from ends_with("assistant", messages)
    yield from alternates(messages)


BEDROCK_CLAUDE = Format(
    name="bedrock-claude",
    title="Amazon Bedrock, fine-tuning of Claude 3 Haiku",
    kind="chat",
    schema="bedrock-claude",
    source=_COOKBOOK,
    limits=Limits(
        min_examples=32,
        max_examples=10_000,
        max_file_bytes=10_000_000_000,
        max_example_tokens=32_000,
        sources=dict.fromkeys(
            ("min_examples", "max_examples", "max_file_bytes", "max_example_tokens"), _GUIDE
        ),
    ),
    carries=Carries(
        several_systems="joined",
        later_system="refused",
        same_role_turns="merged",
        tools="refused",
        text_parts="joined",
        weight="refused",
    ),
    rules={
        "first-message": cited(FIRST_MESSAGE, _COOKBOOK),
        "last-message": cited(LAST_MESSAGE, _COOKBOOK),
        "alternation": cited(ALTERNATION, _COOKBOOK),
    },
    encode=_encode,
    decode=_decode,
    break_rules=_break_rules,
    mends=(
        nulls_dropped(CHAT),
        parts_joined(CHAT),
        systems_lifted(in_parts=False),
        unknown_keys_dropped("system", "messages"),
        turns_merged(CHAT),
        tail_dropped(CHAT),
    ),
)
"""Text alone. A validation file has 32 to 1,000 lines, both files have 10,000 at most."""
