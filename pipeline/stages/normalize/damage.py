"""Marks that the platform leaves where it took something out of a conversation.

A prompt with such a mark is not what the model saw, so it is refused.
"""

import re
from typing import Any

import msgspec

from pipeline.records import Rejected
from pipeline.stages.normalize.draft import refuse

__all__ = ["find_damage"]

_ANYWHERE = (
    r"truncated binary\]|(?:Image|Document|Video|Heartbeat) removed"
    r"|Content truncated - exceeded token limit\]|Tool interrupted: The user stopped"
)
_AT_START = r"Tool (?:call|result): "
_CUT = "[truncated binary]"
_QUICK = re.compile(rf"\[(?:{_ANYWHERE}|{_AT_START})".encode())
_EXACT = re.compile(rf"\[(?:{_ANYWHERE})|\A\[{_AT_START}")


def find_damage(prompt: bytes) -> Rejected | None:
    """The rejection for a prompt that something was taken out of."""
    if not _QUICK.search(prompt):
        return None
    return _search(msgspec.json.decode(prompt), "$.prompt")


def _search(value: Any, path: str) -> Rejected | None:
    match value:
        case str():
            found = _EXACT.search(value)
            return _refuse(found[0], path) if found else None
        case list():
            inside = ((item, f"{path}[{index}]") for index, item in enumerate(value))
        case dict():
            inside = ((item, f"{path}.{key}") for key, item in value.items())
        case _:
            return None
    return next((bad for item, where in inside if (bad := _search(item, where))), None)


def _refuse(mark: str, path: str) -> Rejected:
    if mark == _CUT:
        said = "a file was stored with its beginning and end only"
        return refuse("truncated_attachment", said, path)
    said = f"something was taken out of the stored conversation: {mark!r}"
    return refuse("damaged_history", said, path)
