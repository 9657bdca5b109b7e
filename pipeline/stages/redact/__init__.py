"""Private values leave a record: dropped with their run, masked, or under a pseudonym.

`Redact` reads every text of a record, arguments and results of tools, and the parameters; images
and the definitions of tools stay as they are. Pure: the key is handed in. Imports `records`,
`spec` and the room's files. docs/redaction.md says what is found and what is not.
"""

from collections import Counter
from functools import lru_cache
from hashlib import blake2b
from typing import Any

import msgspec
from msgspec import UNSET, Struct, structs

from pipeline.records import ChatRecord, ImagePart, Message, Rejected, TextPart, ToolCall
from pipeline.spec import RedactSpec
from pipeline.stages.redact.cleaner import Cleaner, Dropped

__all__ = ["RULES", "Redact", "Redacted"]

RULES = "1"
"""The version of what is found and how it is replaced; in the manifest."""


class Redacted(Struct, frozen=True):
    """A record without private values."""

    record: ChatRecord
    parameters: bytes
    """JSON, with the same surrogates."""
    thoughts: str | None
    counts: dict[str, int]
    """Values replaced in the record, by kind."""


class Redact(Struct, frozen=True):
    """The stage. A kind that the policy drops rejects the run."""

    spec: RedactSpec

    def __call__(
        self, record: ChatRecord, parameters: bytes = b"null", thoughts: str | None = None
    ) -> Redacted | Rejected:
        """The record with surrogates, or why its run leaves; never raises."""
        cleaner = self._cleaner(record)
        messages = _messages(cleaner, record)
        if cleaner.told and not isinstance(messages, Rejected):
            cleaner = structs.replace(cleaner, counts=Counter())
            messages = _messages(cleaner, record)
        if isinstance(messages, Rejected):
            return messages
        counts = dict(sorted(cleaner.counts.items()))
        beside = structs.replace(cleaner, spec=self.spec.passing(), counts=Counter())
        return Redacted(
            record=structs.replace(record, messages=messages) if counts else record,
            parameters=_parameters(beside, parameters),
            thoughts=thoughts and beside.text(thoughts),
            counts=counts,
        )

    def clean(self, text: str, record: ChatRecord | None = None) -> str:
        """Words that leave the house beside a record: the reason why it left.

        With the record that they are about, its secrets are known in them too.
        """
        cleaner = Cleaner(self.spec.passing(), self._key())
        if record is not None:
            _messages(cleaner, record)
        return cleaner.text(text)

    def digest(self, value: str) -> str:
        """32 hexadecimal digits for a value that is only ever held against others."""
        return blake2b(value.encode(), key=self._key(), digest_size=16).hexdigest()

    def _cleaner(self, record: ChatRecord) -> Cleaner:
        schema = record.response_schema
        kept = frozenset[str]() if schema is UNSET else _named_values(bytes(schema))
        return Cleaner(self.spec, self._key(), kept)

    def _key(self) -> bytes:
        return _key(self.spec.key)


@lru_cache(maxsize=4)
def _key(secret: str | None) -> bytes:
    """64 bytes; without a secret, ones that everybody knows."""
    return blake2b((secret or "trainset").encode(), digest_size=64).digest()


def _messages(cleaner: Cleaner, record: ChatRecord) -> tuple[Message, ...] | Rejected:
    messages = []
    for index, message in enumerate(record.messages):
        try:
            messages.append(_message(cleaner, message))
        except Dropped as dropped:
            said = f"a value of kind {dropped.kind}, which the policy drops"
            path = f"$.messages[{index}]"
            return Rejected("redact", "sensitive_data", f"{said} - at `{path}`")
    return tuple(messages)


def _message(cleaner: Cleaner, message: Message) -> Message:
    content = message.content
    cleaned: Any = content
    if isinstance(content, str):
        cleaned = cleaner.text(content)
    elif content is not None:
        cleaned = tuple([_part(cleaner, part) for part in content])
    calls = tuple([_call(cleaner, call) for call in message.tool_calls])
    if cleaned == content and calls == message.tool_calls:
        return message
    return structs.replace(message, content=cleaned, tool_calls=calls)


def _part(cleaner: Cleaner, part: TextPart | ImagePart) -> TextPart | ImagePart:
    match part:
        case TextPart():
            return TextPart(cleaner.text(part.text))
        case ImagePart(url=str() as url):
            return structs.replace(part, url=cleaner.text(url))
    return part


def _call(cleaner: Cleaner, call: ToolCall) -> ToolCall:
    arguments = cleaner.value(call.arguments)
    return call if arguments is call.arguments else ToolCall(call.id, call.name, arguments)


def _parameters(cleaner: Cleaner, parameters: bytes) -> bytes:
    value = msgspec.json.decode(parameters)
    cleaned = cleaner.value(value)
    return parameters if cleaned is value else msgspec.json.encode(cleaned)


@lru_cache(maxsize=256)
def _named_values(schema: bytes) -> frozenset[str]:
    """The texts that a schema names (enum, const): no answer of its may lose them."""
    found: set[str] = set()
    waiting = [msgspec.json.decode(schema)]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            named = [*_list(value.get("enum")), value.get("const")]
            found.update(one for one in named if isinstance(one, str))
            waiting += value.values()
        elif isinstance(value, list):
            waiting += value
    return frozenset(found)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
