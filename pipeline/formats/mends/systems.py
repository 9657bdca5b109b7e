"""System messages among the turns, for formats that have a field of their own for them."""

from collections.abc import Iterator
from typing import Any

from pipeline.formats.format import Mend

__all__ = ["systems_lifted"]

_Object = dict[str, Any]


def systems_lifted(*, in_parts: bool) -> Mend:
    """System messages at the beginning, of text alone, as the line's `system`.

    It becomes a list of texts, or with `in_parts` false one text with blank lines between them.
    """

    def apply(line: _Object) -> Iterator[str]:
        messages = line.get("messages")
        if not isinstance(messages, list) or line.get("system"):
            return
        texts: list[str] = []
        for message in messages:
            text = _text_of(message)
            if text is None:
                break
            texts.append(text)
        if texts:
            del messages[: len(texts)]
            joined = "\n\n".join(texts)
            line["system"] = [{"text": text} for text in texts] if in_parts else joined
            yield "/messages/0"

    says = "System messages at the beginning become the line's system"
    return Mend("systems_lifted", says, apply)


def _text_of(message: Any) -> str | None:
    """The text of a system message; None for anything else."""
    if not isinstance(message, dict) or message.get("role") not in ("system", "developer"):
        return None
    content = message.get("content")
    if isinstance(content, list) and len(content) == 1 and isinstance(content[0], dict):
        content = content[0].get("text")
    return content if isinstance(content, str) and content else None
