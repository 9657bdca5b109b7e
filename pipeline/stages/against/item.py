"""One item of an evaluation set, and the texts of it that runs' inputs are held against.

What is compared is what varies: the item as it stands, its last question, and the item without
the words that its file's items share or that a template of the build has. Imports `normalize`,
`read`, `redact`, `inputs`, `templates` and the room's `forms`.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, structs

from pipeline.records import ChatRecord, Message, Rejected
from pipeline.stages.against.forms import read_question
from pipeline.stages.inputs import RecordText, normalize_text, read_texts, words_of
from pipeline.stages.normalize import Normalize
from pipeline.stages.read import read_run
from pipeline.stages.redact import Redact
from pipeline.stages.varying.templates import Template

__all__ = [
    "MIN_CHARACTERS",
    "Item",
    "ReadItem",
    "compared_with",
    "fits",
    "is_run",
    "without_system",
]

MIN_CHARACTERS = 50
"""A shorter item is not looked for inside longer inputs; a shorter last turn of a talk ("thank
you") is not compared at all."""
_RUN_FIELDS = ("interaction", "modelId", "environment")
_ANY_ANSWER = Raw(b'[{"type":"text","value":"-"}]')
_NO_ANSWER = Message("assistant", "")


class Item(Struct, frozen=True):
    """What an item asks."""

    text: RecordText
    last: str
    """Its last turn, normalized."""
    run_id: str | None = None
    """Its name, where it is an exported run."""


def is_run(document: Any) -> bool:
    """Whether a decoded document is an exported run, which is read as the build's runs are."""
    if not isinstance(document, dict) or not isinstance(document.get("id"), str):
        return False
    return any(name in document for name in _RUN_FIELDS)


class ReadItem(Struct, frozen=True):
    """Reads a document of an evaluation set. Never raises, whatever the bytes."""

    normalize: Normalize
    max_bytes: int
    redact: Redact | None = None
    """What was done to the runs' private values, so that both sides have the same words."""

    def __call__(self, data: bytes) -> Item | None:
        """The item in a document's JSON; None where it holds no text that can be compared."""
        try:
            document = msgspec.json.decode(data)
            if not is_run(document):
                return self._item(read_question(document), None)
            asked = self._of_run(data) or read_question(document)
            return self._item(asked, document["id"])
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            return None

    def plain(self, text: str) -> Item | None:
        """The item that a line of plain text is."""
        return self._item(read_question(text), None)

    def _of_run(self, data: bytes) -> tuple[Message, ...]:
        """The turns of an exported run, whatever it answered; none where they are not known."""
        run = read_run(data, self.max_bytes)
        if isinstance(run, Rejected):
            return ()
        answered = structs.replace(run, result=_ANY_ANSWER, tool_use=UNSET, finish_reason=None)
        made = self.normalize(answered)
        return () if isinstance(made, Rejected) else made.record.messages[:-1]

    def _item(self, messages: tuple[Message, ...], run_id: str | None) -> Item | None:
        record = ChatRecord((*messages, _NO_ANSWER))
        if self.redact is not None:
            redacted = self.redact(record)
            record = record if isinstance(redacted, Rejected) else redacted.record
        words = words_of(record)
        text = read_texts(record, words)
        if not (text.turns or text.system):
            return None
        asked = [said for said, one in zip(words, record.messages, strict=True) if _asks(one)]
        return Item(text, normalize_text(asked[-1]) if asked else "", run_id)


def _asks(message: Message) -> bool:
    return message.role == "user"


def compared_with(item: Item, templates: Sequence[Template]) -> dict[str, bool]:
    """The texts that inputs are held against, and whether each is looked for inside longer ones.

    The last turn of a talk is not: "I appreciate your help, that will be all" ends many talks.
    """
    whole = [item.text.turns or item.text.system]
    whole += [one.variable(item.text) for one in templates if fits(one, item.text)]
    found = {text: len(text) >= MIN_CHARACTERS for text in whole}
    if len(item.last) >= MIN_CHARACTERS:
        found.setdefault(item.last, False)
    return found


def fits(template: Template, text: RecordText) -> bool:
    """Whether the text holds a long stretch of a template, or all words of one of its frames."""
    words = f"{text.system}\n{text.turns}" if template.with_system else text.turns
    if any(_middle(piece) in words for piece in template.pieces):
        return True
    if any(all(one in text.turns for one in frame) for frame in template.frames if frame):
        return True
    return template.with_system and text.system in template.systems


def _middle(piece: str) -> str:
    """A stretch without its edges, where a template's words may differ."""
    edge = len(piece) // 4
    return piece[edge : len(piece) - edge]


def without_system(template: Template, text: RecordText) -> str | None:
    """A run's variable input without its system message; None where that changes nothing."""
    if not (template.with_system and text.system and text.turns):
        return None
    left = replace(template, with_system=False).variable(text)
    return None if left == template.variable(text) else left
