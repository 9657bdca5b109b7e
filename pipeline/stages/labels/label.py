"""What the label rules look at: a run, its record, and the answer's text.

Imports api's `Run` and the nouns.
"""

from collections.abc import Callable, Iterator

from msgspec import Struct

from pipeline.api.runs import Run
from pipeline.records import ChatRecord, Message, RejectCode, Rejected, TextPart

__all__ = ["Label", "Rule", "ends_of", "label_of", "refuse", "text_of_prompt"]


_HEAD, _TAIL = 4000, 1500


class Label(Struct, frozen=True):
    """A record's answer, and where it comes from."""

    run: Run
    record: ChatRecord
    text: str
    """The answer's text without white space around it; empty where it is a call alone."""
    calls: bool
    """Whether the answer calls tools."""

    @property
    def is_prose(self) -> bool:
        """Whether the answer is text, not JSON and no call."""
        return bool(self.text) and not self.calls and self.text[0] not in "{["

    def prompts(self) -> Iterator[str]:
        """The texts of the system's and the user's turns, in order."""
        for message in self.record.messages[:-1]:
            if message.role in ("system", "user"):
                yield text_of_prompt(message)

    def question(self) -> str:
        """The text of the last turn of the user."""
        turns = (one for one in reversed(self.record.messages) if one.role == "user")
        last = next(turns, None)
        return "" if last is None else text_of_prompt(last)


Rule = Callable[[Label], Rejected | None]
"""Why an answer is no label, or None where the rule has nothing against it."""


def label_of(run: Run, record: ChatRecord) -> Label:
    """The answer of a record."""
    message = record.messages[-1]
    return Label(run, record, text_of_prompt(message).strip(), bool(message.tool_calls))


def text_of_prompt(message: Message) -> str:
    """A message's words; images say nothing."""
    content = message.content
    if isinstance(content, str):
        return content
    return "\n".join(part.text for part in content or () if isinstance(part, TextPart))


def ends_of(prompt: str) -> str:
    """The beginning and the end of a prompt: who asks for something does so first or last."""
    whole = len(prompt) <= _HEAD + _TAIL
    return prompt if whole else f"{prompt[:_HEAD]}\n{prompt[-_TAIL:]}"


def refuse(code: RejectCode, detail: str) -> Rejected:
    """The rejection of a label."""
    return Rejected("labels", code, detail)
