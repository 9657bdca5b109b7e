"""The chat rule: tokens of the texts of a record, and of what a provider sets around them.

OpenAI's cookbook (openai/openai-cookbook, examples/Chat_finetuning_data_prep.ipynb and
How_to_count_tokens_with_tiktoken.ipynb part 6, read 2026-11-26): 3 tokens a message, those of role
and content, and of a name with 1 more; 3 tokens an example. It says nothing of calls: here a call
costs 3 and the texts of its name and arguments, its id nothing. Imports `records`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from pipeline.records import ChatRecord, ImagePart, Message
from pipeline.tokens.counter import TextLengths
from pipeline.tokens.images import ImageRule, openai_image
from pipeline.tokens.tools import ToolRule, tool_texts

__all__ = ["ChatCounter", "ChatRule"]

_ENCODER = msgspec.json.Encoder()


@dataclass(frozen=True, slots=True)
class ChatRule:
    """What is set around the texts."""

    tools: ToolRule
    image: ImageRule = openai_image
    reasoning: bool = False
    """Whether the training line carries what the assistant thought."""
    message: int = 3
    name: int = 1
    call: int = 3
    example: int = 3


@dataclass(frozen=True, slots=True)
class ChatCounter:
    """Counts by the chat rule, the texts by one tokenizer or by an estimate."""

    name: str
    lengths: TextLengths
    rule: ChatRule
    exact: bool
    error: float | None = None
    note: str | None = None

    def count_texts(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text by itself."""
        return self.lengths.count_texts(texts)

    def count(self, record: ChatRecord) -> int:
        """The training tokens of one example, prompt and answer."""
        return self.count_all([record])[0]

    def count_all(self, records: Sequence[ChatRecord]) -> list[int]:
        """The same for many; a text that repeats is counted once."""
        tools: dict[bytes, tuple[int, list[str]]] = {}
        examples: list[tuple[int, list[str]]] = []
        for record in records:
            around, texts = self._messages(record)
            if record.tools:
                key = _ENCODER.encode(record.tools)
                if key not in tools:
                    tools[key] = tool_texts(record.tools, self.rule.tools)
                around += tools[key][0]
                texts += tools[key][1]
            examples.append((around, texts))
        asked = list(dict.fromkeys(text for _, texts in examples for text in texts))
        known = dict(zip(asked, self.lengths.count_texts(asked), strict=True))
        return [around + sum(map(known.__getitem__, texts)) for around, texts in examples]

    def _messages(self, record: ChatRecord) -> tuple[int, list[str]]:
        """The tokens around the texts of all messages, and the texts."""
        rule = self.rule
        around = rule.example + rule.message * len(record.messages)
        texts: list[str] = []
        for message in record.messages:
            texts.append(message.role)
            if message.name is not None and message.role != "tool":
                around += rule.name
                texts.append(message.name)
            if rule.reasoning and message.reasoning is not None:
                texts.append(message.reasoning)
            if isinstance(message.content, str):
                texts.append(message.content)
            else:
                around += sum(map(rule.image, _images(message)))
                texts += _texts(message)
            for call in message.tool_calls:
                around += rule.call
                texts += (call.name, _ENCODER.encode(call.arguments).decode())
        return around, texts


def _images(message: Message) -> Iterator[ImagePart]:
    parts = message.content if isinstance(message.content, tuple) else ()
    return (part for part in parts if isinstance(part, ImagePart))


def _texts(message: Message) -> Iterator[str]:
    parts = message.content if isinstance(message.content, tuple) else ()
    return (part.text for part in parts if not isinstance(part, ImagePart))
