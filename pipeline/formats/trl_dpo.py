"""Hugging Face TRL, preferences: `{"prompt": [...], "chosen": [...], "rejected": [...]}`.

The prompt is explicit; an answer may have several messages, all of which DPOTrainer compares.
Sources, read 2026-11-26: TRL's page on dataset formats; the code of TRL 1.16. Imports `records`
and the shared files of this room.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET, Struct
from msgspec.structs import replace

from pipeline.formats.format import Format, Limits, Problem, Rule
from pipeline.formats.mends.openai_like import trl_mends
from pipeline.formats.mends.places import TRL_PAIR
from pipeline.formats.rules.columns import LATE_KEY, keys_come_early
from pipeline.formats.rules.preferences import PREFERENCE_RULES
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
from pipeline.records import PreferenceRecord

__all__ = ["TRL_DPO"]


class _Line(Struct, frozen=True, omit_defaults=True):
    prompt: tuple[TrlMessage, ...]
    chosen: tuple[TrlMessage, ...]
    rejected: tuple[TrlMessage, ...]
    tools: TrlTools = UNSET


_DECODER = msgspec.json.Decoder(_Line)
_PROMPT_END = Rule(
    "The prompt ends with the user's message or a tool's result",
    "put the assistant's last message into both answers",
    why="both answers are the assistant's next message; a prompt of chat ends before it",
)


def _encode(record: PreferenceRecord) -> bytes:
    line = _Line(
        encode_messages(record.prompt),
        encode_messages(record.chosen),
        encode_messages(record.rejected),
        encode_tool_column(record.tools),
    )
    return ENCODER.encode(line)


def _decode(line: bytes) -> PreferenceRecord:
    """The preference of an accepted line; columns that TRL passes over are none of it."""
    read = _DECODER.decode(line)
    prompt = decode_messages(read.prompt)
    return PreferenceRecord(
        prompt,
        decode_messages(read.chosen, before=prompt),
        decode_messages(read.rejected, before=prompt),
        decode_tool_column(read.tools),
    )


def _break_rules(line: dict[str, Any]) -> Iterator[Problem]:
    if (role := line["prompt"][-1]["role"]) not in ("user", "tool"):
        pointer = f"/prompt/{len(line['prompt']) - 1}/role"
        yield Problem("prompt-end", pointer, f"the prompt ends with {role}")
    yield from messages_survive(prompt=line["prompt"])
    for side in ("chosen", "rejected"):
        yield from answer_stands_alone(line[side], f"/{side}")
        yield from messages_survive(**{side: line[side]})
    if line["chosen"] == line["rejected"]:
        yield Problem("same-outputs", "/rejected", "is the chosen answer as well")
    yield from tools_survive(line)


TRL_DPO = Format(
    name="trl-dpo",
    title="Hugging Face TRL, conversational preference",
    kind="preference",
    schema="trl-dpo",
    source=TRL_PAGE,
    limits=Limits(sources={}),
    carries=replace(TRL_CARRIES, last_answer_in="", answer_turns="several"),
    rules={
        "prompt-end": _PROMPT_END,
        "answer": ANSWER,
        "same-outputs": PREFERENCE_RULES["same-outputs"],
        **TRL_RULES,
        "late-key": LATE_KEY,
    },
    encode=_encode,
    decode=_decode,
    break_rules=_break_rules,
    across=keys_come_early,
    unread=unread_by_trl("prompt", "chosen", "rejected", "tools"),
    mends=trl_mends(TRL_PAIR),
)
"""For DPOTrainer."""
