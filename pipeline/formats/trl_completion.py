"""Hugging Face TRL, prompt and completion: `{"prompt": [...], "completion": [...]}`.

SFTTrainer trains the completion alone, so the place of an answer says whether it is trained: the
last one is the completion, those before it are the prompt's and have weight 0. A completion of
several messages is taken; its turns of user and tool are trained with it, as TRL does. Sources,
read 2026-11-26: TRL's page on dataset formats; the code of TRL 1.16. Imports `records` and the
shared files of this room.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from pipeline.formats.format import Format, Limits, Problem, Rule, Source
from pipeline.formats.mends.openai_like import trl_mends
from pipeline.formats.mends.places import COMPLETION
from pipeline.formats.rules.columns import LATE_KEY, keys_come_early
from pipeline.formats.rules.trl import (
    ANSWER,
    TRL_RULES,
    answer_stands_alone,
    messages_survive,
    tools_survive,
)
from pipeline.formats.trl import TRL_CARRIES, TRL_PAGE
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
from pipeline.records import ChatRecord, Message

__all__ = ["TRL_COMPLETION"]


class _Line(Struct, frozen=True, omit_defaults=True):
    prompt: tuple[TrlMessage, ...]
    completion: tuple[TrlMessage, ...]
    tools: TrlTools = UNSET


_DECODER = msgspec.json.Decoder(_Line)
_PROMPT_END = Rule(
    "The prompt does not end with a system message",
    "add the question",
    Source("https://github.com/huggingface/trl, trl/data_utils.py of 1.16.0", "2026-11-26"),
)


def _encode(record: ChatRecord) -> bytes:
    messages = encode_messages(record.messages)
    return ENCODER.encode(_Line(messages[:-1], messages[-1:], encode_tool_column(record.tools)))


def _decode(line: bytes) -> ChatRecord:
    """The record of an accepted line; columns that TRL passes over are none of it."""
    read = _DECODER.decode(line)
    messages = decode_messages(read.prompt + read.completion)
    boundary = len(read.prompt)
    untrained = map(_untrained, messages[:boundary])
    return ChatRecord((*untrained, *messages[boundary:]), decode_tool_column(read.tools))


def _untrained(message: Message) -> Message:
    return replace(message, weight=0) if message.role == "assistant" else message


def _break_rules(line: dict[str, Any]) -> Iterator[Problem]:
    if line["prompt"][-1]["role"] == "system":
        pointer = f"/prompt/{len(line['prompt']) - 1}/role"
        yield Problem("prompt-end", pointer, "the prompt ends with a system message")
    yield from answer_stands_alone(line["completion"], "/completion")
    yield from messages_survive(prompt=line["prompt"], completion=line["completion"])
    yield from tools_survive(line)


TRL_COMPLETION = Format(
    name="trl-completion",
    title="Hugging Face TRL, conversational prompt and completion",
    kind="chat",
    schema="trl-completion",
    source=TRL_PAGE,
    limits=Limits(sources={}),
    carries=replace(TRL_CARRIES, weight="last_answer", last_answer_in=""),
    rules={"prompt-end": _PROMPT_END, "answer": ANSWER, **TRL_RULES, "late-key": LATE_KEY},
    encode=_encode,
    decode=_decode,
    break_rules=_break_rules,
    across=keys_come_early,
    unread=unread_by_trl("prompt", "completion", "tools"),
    mends=trl_mends(COMPLETION),
)
"""For SFTTrainer, the last answer trained."""
