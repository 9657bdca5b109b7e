"""Cohere chat fine-tuning: `{"messages": [...]}` with the roles System, User and Chatbot.

Cohere's own service is retired ("all fine-tuning options via dashboard and API", its changelog of
2025-09-15). Its program `cohere-finetune`, which trains Command R and Aya on a machine of one's
own, reads files of this shape. All answers are trained. A turn longer than the longest sequence is
left out, and the first turns of a longer conversation are. Imports `records` and the shared files
of this room.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

import msgspec
from msgspec import Struct

from pipeline.formats.fitting.carries import Carries
from pipeline.formats.format import Format, Limits, Problem, Rule, Source
from pipeline.formats.mends.fields import names_dropped, nulls_dropped, unknown_keys_dropped
from pipeline.formats.mends.places import CHAT
from pipeline.formats.mends.turns import parts_joined, roles_renamed
from pipeline.formats.mends.values import trained_weights_dropped
from pipeline.records import ChatRecord, Message

__all__ = ["COHERE"]

_Speaker = Literal["System", "User", "Chatbot"]


class _Message(Struct, frozen=True):
    role: _Speaker
    content: str


class _Line(Struct, frozen=True):
    messages: list[_Message]


_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(_Line)
_SPEAKERS: Mapping[str, _Speaker] = {"system": "System", "user": "User", "assistant": "Chatbot"}
_ROLES: Mapping[str, Literal["system", "user", "assistant"]] = {
    "System": "system",
    "User": "user",
    "Chatbot": "assistant",
}
_PAGE = Source("https://docs.cohere.com/docs/chat-preparing-the-data", "2026-11-26")
_PROGRAM = Source(
    "https://github.com/cohere-ai/cohere-finetune, src/cohere_finetune/chat_utils.py", "2026-11-26"
)
_RULES: dict[str, Rule] = {
    "both-speak": Rule(
        "A conversation has a message of the User and one of the Chatbot",
        "leave the line out",
        _PAGE,
    ),
    "unasked-answer": Rule(
        "Between two messages of the Chatbot, and before the first, somebody else speaks; a System"
        " message at the beginning does not count",
        "merge answers that follow one another",
        _PROGRAM,
    ),
}


def _encode(record: ChatRecord) -> bytes:
    messages = [
        _Message(_SPEAKERS[message.role], message.content)
        for message in record.messages
        if message.role in _SPEAKERS and isinstance(message.content, str)
    ]
    return _ENCODER.encode(_Line(messages))


def _decode(line: bytes) -> ChatRecord:
    messages = _DECODER.decode(line).messages
    return ChatRecord(tuple([Message(_ROLES[one.role], one.content) for one in messages]))


def _break_rules(line: dict[str, Any]) -> Iterator[Problem]:
    messages = line["messages"]
    speakers = {message["role"] for message in messages}
    for missing in ("User", "Chatbot"):
        if missing not in speakers:
            yield Problem("both-speak", "/messages", f"the {missing} says nothing")
    asked = False
    for number, message in enumerate(messages):
        if message["role"] != "Chatbot":
            asked = asked or message["role"] == "User" or number > 0
            continue
        if not asked:
            said = "answers though nobody has asked"
            yield Problem("unasked-answer", f"/messages/{number}/role", said)
        asked = False


COHERE = Format(
    name="cohere",
    title="Cohere chat fine-tuning, for cohere-finetune",
    kind="chat",
    schema="cohere",
    source=_PAGE,
    limits=Limits(min_examples=2, sources={"min_examples": _PAGE}),
    carries=Carries(
        tools="refused",
        text_parts="joined",
        weight="refused",
    ),
    rules=_RULES,
    encode=_encode,
    decode=_decode,
    break_rules=_break_rules,
    mends=(
        nulls_dropped(CHAT),
        parts_joined(CHAT),
        names_dropped(CHAT),
        trained_weights_dropped(CHAT),
        roles_renamed(CHAT, {**_SPEAKERS, "developer": "System"}),
        unknown_keys_dropped("messages"),
    ),
)
"""Text alone; the first System message is the preamble, later ones are speakers."""
