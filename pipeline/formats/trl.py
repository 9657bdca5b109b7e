"""Hugging Face TRL, a conversation: `{"messages": [...], "tools": "[...]"}`.

SFTTrainer applies the model's chat template and trains all of it, or with `assistant_only_loss`
every turn of the assistant; nothing in a line leaves a turn out (`trl-completion` does). Reasoning
is written as `reasoning_content`, which most templates read, of the last turn alone. Sources, read
2026-11-26: TRL's page on dataset formats; the code and the chat templates of TRL 1.16. Imports
`records` and the shared files of this room.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from pipeline.formats.fitting.carries import Carries
from pipeline.formats.format import Format, Limits, Problem, Source
from pipeline.formats.mends.openai_like import trl_mends
from pipeline.formats.mends.places import CHAT
from pipeline.formats.mends.turns import tail_dropped
from pipeline.formats.rules.columns import LATE_KEY, keys_come_early
from pipeline.formats.rules.trl import TRL_RULES, messages_survive, tools_survive
from pipeline.formats.rules.turns import LAST_MESSAGE_OURS, ends_with
from pipeline.formats.wires.openai import ENCODER
from pipeline.formats.wires.trl import (
    TrlMessage,
    TrlTools,
    decode_messages,
    decode_tool_column,
    encode_messages,
    encode_tool_column,
    unread_by_trl,
)
from pipeline.records import ChatRecord

__all__ = ["TRL", "TRL_CARRIES", "TRL_PAGE"]


class _Line(Struct, frozen=True, omit_defaults=True):
    messages: tuple[TrlMessage, ...]
    tools: TrlTools = UNSET


_DECODER = msgspec.json.Decoder(_Line)
TRL_PAGE = Source("https://huggingface.co/docs/trl/dataset_formats", "2026-11-26")
TRL_CARRIES = Carries(
    several_systems="joined",
    later_system="refused",
    text_parts="joined",
    weight="refused",
    last_answer_in="trl-completion",
    reasoning="kept",
    descriptions="required",
    strict="kept",
)


def _encode(record: ChatRecord) -> bytes:
    return ENCODER.encode(_Line(encode_messages(record.messages), encode_tool_column(record.tools)))


def _decode(line: bytes) -> ChatRecord:
    """The record of an accepted line; columns that TRL passes over are none of it."""
    read = _DECODER.decode(line)
    return ChatRecord(decode_messages(read.messages), decode_tool_column(read.tools))


def _break_rules(line: dict[str, Any]) -> Iterator[Problem]:
    yield from ends_with("assistant", line["messages"])
    yield from messages_survive(messages=line["messages"])
    yield from tools_survive(line)


TRL = Format(
    name="trl",
    title="Hugging Face TRL, conversational language modeling",
    kind="chat",
    schema="trl",
    source=TRL_PAGE,
    limits=Limits(sources={}),
    carries=TRL_CARRIES,
    rules={"last-message": LAST_MESSAGE_OURS, **TRL_RULES, "late-key": LATE_KEY},
    encode=_encode,
    decode=_decode,
    break_rules=_break_rules,
    across=keys_come_early,
    unread=unread_by_trl("messages", "tools"),
    mends=(*trl_mends(CHAT), tail_dropped(CHAT)),
)
"""For SFTTrainer, every turn trained."""
