"""Mistral fine-tuning: OpenAI's chat line with ids of nine characters, text or calls in a turn.

The page is kept under deprecated; the line lives on in mistral-common, whose validator for the
tokenizer of version 3 is the strictest, and in mistral-finetune. Imports `records` and the shared
files of this room.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.formats.fitting.carries import Carries
from pipeline.formats.format import Format, Limits, Problem, Rule, Source
from pipeline.formats.mends.fields import names_dropped, parameters_added
from pipeline.formats.mends.openai_like import openai_mends
from pipeline.formats.mends.places import CHAT
from pipeline.formats.mends.turns import (
    calls_renamed,
    empty_texts_dropped,
    systems_joined,
    tail_dropped,
)
from pipeline.formats.mends.values import weights_of_others_dropped
from pipeline.formats.rules.json_schemas import DRAFT_7, is_json_schema
from pipeline.formats.rules.tools import TOOL_RULES, results_answer_calls
from pipeline.formats.rules.turns import (
    LAST_MESSAGE,
    NOTHING_TO_TRAIN,
    SYSTEM_FIRST,
    cited,
    ends_with,
    system_comes_first,
    trains_something,
)
from pipeline.formats.wires.openai import (
    ENCODER,
    WireMessage,
    WireTool,
    bare_images,
    decode_messages,
    decode_tools,
    encode_message,
    encode_tools,
)
from pipeline.records import ChatRecord

__all__ = ["MISTRAL"]


class _Line(Struct, frozen=True, omit_defaults=True):
    messages: tuple[WireMessage, ...]
    tools: tuple[WireTool, ...] = ()


_DECODER = msgspec.json.Decoder(_Line)
_PAGE = Source(
    "https://docs.mistral.ai/resources/deprecated/finetuning/text_vision_finetuning", "2026-11-26"
)
_LIMITATIONS = Source("https://docs.mistral.ai/resources/known-limitations", "2026-11-26")
_COMMON = Source(
    "https://github.com/mistralai/mistral-common, protocol/instruct/validator.py of 1.13.1",
    "2026-11-26",
)
_FINETUNE = Source(
    "https://github.com/mistralai/mistral-finetune, finetune/data/tokenize.py", "2026-11-26"
)

_RULES: dict[str, Rule] = {
    "system-first": cited(SYSTEM_FIRST, _FINETUNE),
    "no-user-turn": Rule(
        "A conversation has a turn of the user",
        "put the question before the answer, or leave the line out",
        why="mistral-common refuses an answer alone, and mistral-finetune writes the system prompt "
        "and the tools into a user's turn: without one they are lost",
    ),
    "first-call": Rule(
        "A conversation does not begin with calls of tools",
        "put the question before them, or leave them and their results out",
        _COMMON,
    ),
    "last-message": cited(LAST_MESSAGE, _COMMON),
    "nothing-to-train": cited(NOTHING_TO_TRAIN, _PAGE),
    **TOOL_RULES,
    "result-unanswered": Rule(
        "A tool's result is followed by the assistant",
        "put the assistant's answer after the results",
        _PAGE,
    ),
    "tool-not-offered": Rule(
        "Every tool that is called is among the tools on offer", "add it to tools", _PAGE
    ),
    "parameters": Rule(
        "The parameters of a tool are a JSON Schema of draft 7",
        "write them in the words of JSON Schema: integer, not int",
        _COMMON,
    ),
}


def _encode(record: ChatRecord) -> bytes:
    line = _Line(
        tuple([bare_images(encode_message(message)) for message in record.messages]),
        encode_tools(record.tools),
    )
    return ENCODER.encode(line)


def _decode(line: bytes) -> ChatRecord:
    read = _DECODER.decode(line)
    return ChatRecord(decode_messages(read.messages), decode_tools(read.tools))


def _break_rules(line: dict[str, Any]) -> Iterator[Problem]:
    messages = line["messages"]
    tools = line.get("tools", ())
    yield from system_comes_first(messages)
    if not any(message["role"] == "user" for message in messages):
        yield Problem("no-user-turn", "/messages", "have no turn of the user")
    if "tool_calls" in messages[0]:
        said = "stands before any question; mistral-common does not count it"
        yield Problem("first-call", "/messages/0/tool_calls", said)
    yield from ends_with("assistant", messages)
    yield from trains_something(messages)
    yield from results_answer_calls(messages)
    yield from _results_are_answered(messages)
    yield from _calls_are_offered(messages, {tool["function"]["name"] for tool in tools})
    for number, tool in enumerate(tools):
        function, at = tool["function"], f"/tools/{number}/function/parameters"
        yield from is_json_schema(function["parameters"], at, drafts=DRAFT_7, rule="parameters")


def _results_are_answered(messages: Sequence[dict[str, Any]]) -> Iterator[Problem]:
    before = None
    for number, message in enumerate(messages):
        role = message["role"]
        if before == "tool" and role == "user":
            said = "follows the result of a tool, which the assistant has not answered"
            yield Problem("result-unanswered", f"/messages/{number}/role", said)
        before = role


def _calls_are_offered(messages: Sequence[dict[str, Any]], offered: set[str]) -> Iterator[Problem]:
    for number, message in enumerate(messages):
        for place, call in enumerate(message.get("tool_calls", ())):
            if call["function"]["name"] not in offered:
                pointer = f"/messages/{number}/tool_calls/{place}/function/name"
                yield Problem("tool-not-offered", pointer, "is no tool of this line's tools")


MISTRAL = Format(
    name="mistral",
    title="Mistral fine-tuning",
    kind="chat",
    schema="mistral",
    source=_PAGE,
    limits=Limits(max_file_bytes=512_000_000, sources={"max_file_bytes": _LIMITATIONS}),
    carries=Carries(
        several_systems="joined",
        later_system="refused",
        content_beside_calls="refused",
        call_ids="renamed",
        images=("data", "https"),
        address_types="dropped",
        text_parts="joined",
        weight="assistant",
        descriptions="required",
    ),
    rules=_RULES,
    encode=_encode,
    decode=_decode,
    break_rules=_break_rules,
    mends=(
        *openai_mends(CHAT, "messages", "tools"),
        weights_of_others_dropped(CHAT),
        names_dropped(CHAT),
        parameters_added(CHAT),
        empty_texts_dropped(CHAT),
        calls_renamed(CHAT),
        systems_joined(CHAT),
        tail_dropped(CHAT),
    ),
)
"""Chat with tools and images, for the API's format and its open tools."""
