"""What a record asks and what it answers, as plain normalized text.

The near-duplicate rule compares these texts and nothing else. Imports only `records`.
"""

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import msgspec
from msgspec import Struct

from pipeline.records import ChatRecord, Message, TextPart

__all__ = ["RecordText", "normalize_text", "read_texts", "text_of", "words_of"]


class RecordText(Struct, frozen=True):
    """A record's words by the part they play."""

    system: str
    """The system message, normalized; empty where there is none."""
    turns: str
    """Every other message before the answer, normalized, in order."""
    answer: str
    """The last message, normalized."""


def normalize_text(text: str) -> str:
    """NFKC, casefolded, white space collapsed: two texts that read alike become equal."""
    if text.isascii():
        return " ".join(text.lower().split())
    folded = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def read_texts(record: ChatRecord, words: Sequence[str]) -> RecordText:
    """The three texts of a record; `words` are those of its messages, by `words_of`."""
    *prompt, answer = zip(record.messages, words, strict=True)
    return RecordText(
        system=_normalize_system("\n".join(text for one, text in prompt if one.role == "system")),
        turns=normalize_text("\n".join(text for one, text in prompt if one.role != "system")),
        answer=normalize_text(answer[1]),
    )


def words_of(record: ChatRecord) -> list[str]:
    """The words of every message."""
    return [text_of(message) for message in record.messages]


@lru_cache(maxsize=1024)
def _normalize_system(text: str) -> str:
    """The same as `normalize_text`; system messages are long and few."""
    return normalize_text(text)


def text_of(message: Message) -> str:
    """All words of a message: its text, its tool calls' names and arguments, its images."""
    match message.content:
        case None:
            text = ""
        case str():
            text = message.content
        case parts:
            text = "\n".join(
                part.text if isinstance(part, TextPart) else (part.url or part.data or "")
                for part in parts
            )
    if not message.tool_calls:
        return text
    calls = (
        f"{call.name} {msgspec.json.encode(call.arguments).decode()}" for call in message.tool_calls
    )
    return "\n".join((text, *calls))
