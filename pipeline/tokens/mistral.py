"""Mistral's tokenizers, by mistral-common itself: whole conversations, control tokens and all.

mistral-common ships its tokenizers and needs no network; it is the extra `mistral`. A record that
its own rules refuse (text beside a call, an empty answer) is counted by the chat rule over the
same tokenizer. Which model has which tokenizer is from mistral-common 1.13.1
(tokens/tokenizers/mistral.py, read 2026-11-26). Imports `records`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.util import find_spec
from typing import Any

import msgspec

from pipeline.records import ChatRecord, Message, TextPart
from pipeline.tokens.chat import ChatCounter

__all__ = ["MISTRAL_MODELS", "MISTRAL_TOKENIZERS", "MistralCounter", "MistralLengths", "is_at_hand"]

MISTRAL_TOKENIZERS = {
    "mistral-v1": "tokenizer.model.v1",
    "mistral-v3": "mistral_instruct_tokenizer_240323.model.v3",
    "mistral-v7": "mistral_instruct_tokenizer_241114.model.v7",
    "mistral-tekken-v3": "tekken_240718.json",
}
"""Our name of a tokenizer, and the file of the package that it is made from."""

MISTRAL_MODELS = (
    ("open-mixtral-8x7b", "mistral-v1"),
    ("mixtral-8x7b", "mistral-v1"),
    ("mistral-7b-instruct-v0.1", "mistral-v1"),
    ("mistral-7b-instruct-v0.2", "mistral-v1"),
    ("open-mistral-7b", "mistral-v3"),
    ("mistral-7b", "mistral-v3"),
    ("open-mixtral-8x22b", "mistral-v3"),
    ("mixtral-8x22b", "mistral-v3"),
    ("mistral-large-2407", "mistral-v3"),
    ("codestral-2405", "mistral-v3"),
    ("mistral-large", "mistral-v7"),
    ("open-mistral-nemo", "mistral-tekken-v3"),
    ("mistral-nemo", "mistral-tekken-v3"),
    ("ministral", "mistral-tekken-v3"),
    ("mistral-small", "mistral-tekken-v3"),
    ("pixtral-12b", "mistral-tekken-v3"),
)
"""Beginnings of model names, the first that fits counts, and their tokenizers."""

_ENCODER = msgspec.json.Encoder()
_ID_LENGTH = 9


def is_at_hand() -> bool:
    """Whether mistral-common is installed."""
    return find_spec("mistral_common") is not None


@cache
def _tokenizer(name: str) -> Any:
    from mistral_common.protocol.instruct.validator import (  # noqa: PLC0415 (an extra)
        ValidationMode,
    )
    from mistral_common.tokens.tokenizers.mistral import (  # noqa: PLC0415 (an extra)
        MistralTokenizer,
    )

    path = files("mistral_common") / "data" / MISTRAL_TOKENIZERS[name]
    return MistralTokenizer.from_file(str(path), mode=ValidationMode.finetuning)


@dataclass(frozen=True, slots=True)
class MistralLengths:
    """Counts bare texts with one of the tokenizers."""

    tokenizer: str

    def count_texts(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text by itself, without those that begin and end a sequence."""
        encode = _tokenizer(self.tokenizer).instruct_tokenizer.tokenizer.encode
        return [len(encode(_clean(text), bos=False, eos=False)) for text in texts]


def _clean(text: str) -> str:
    """Half a surrogate pair as the mark of a character that is not there, as tiktoken has it."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@dataclass(frozen=True, slots=True)
class MistralCounter:
    """Counts records as mistral-common encodes them for training."""

    fallback: ChatCounter
    """Over `MistralLengths`: for what mistral-common refuses."""

    @property
    def name(self) -> str:
        """The tokenizer's name."""
        return self.fallback.name

    @property
    def exact(self) -> bool:
        """True, or False where the tokenizer is a guess."""
        return self.fallback.exact

    @property
    def error(self) -> float | None:
        """None: there is none, or nobody measured it."""
        return self.fallback.error

    @property
    def note(self) -> str | None:
        """What stands behind the choice of the tokenizer."""
        return self.fallback.note

    def count_texts(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text by itself."""
        return self.fallback.count_texts(texts)

    def count(self, record: ChatRecord) -> int:
        """The training tokens of one example, prompt and answer."""
        from mistral_common.exceptions import (  # noqa: PLC0415 (an extra)
            MistralCommonException,
        )
        from mistral_common.protocol.instruct.request import (  # noqa: PLC0415 (an extra)
            ChatCompletionRequest,
        )

        tokenizer = _tokenizer(self.fallback.name)
        try:
            request = ChatCompletionRequest(**_request(record))
            return len(tokenizer.encode_chat_completion(request).tokens)
        except (MistralCommonException, ValueError, AssertionError, RuntimeError):
            return self.fallback.count(record)

    def count_all(self, records: Sequence[ChatRecord]) -> list[int]:
        """The same for many."""
        return [self.count(record) for record in records]


def _request(record: ChatRecord) -> dict[str, Any]:
    tools = [
        {
            "type": "function",
            "function": {
                "name": tool.name,
                "description": tool.description or "",
                "parameters": tool.parameters,
            },
        }
        for tool in record.tools
    ]
    messages = [_message(message) for message in record.messages]
    return {"messages": messages, "tools": tools or None}


def _message(message: Message) -> dict[str, Any]:
    """As mistral-common takes it. An image makes it refuse: its tokens are counted by a rule."""
    content = message.content
    if isinstance(content, tuple):
        if not all(isinstance(part, TextPart) for part in content):
            raise ValueError("an image")
        content = "".join(part.text for part in content if isinstance(part, TextPart))
    said: dict[str, Any] = {"role": message.role, "content": content}
    if message.tool_calls:
        said["tool_calls"] = [
            {
                "id": _id(call.id),
                "function": {
                    "name": call.name,
                    "arguments": _ENCODER.encode(call.arguments).decode(),
                },
            }
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        said |= {"tool_call_id": _id(message.tool_call_id), "name": message.name}
    return said


def _id(given: str) -> str:
    """An id as Mistral takes it: nine letters and digits."""
    if len(given) == _ID_LENGTH and given.isascii() and given.isalnum():
        return given
    return sha256(given.encode("utf-8", "surrogatepass")).hexdigest()[:_ID_LENGTH]
