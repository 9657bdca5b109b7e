"""The answer's text begins as JSON and ends in the middle of it, though nobody says so.

The text is completed by closing what is open; only where that gives JSON was it JSON before. So
`[Note] see below`, a link `[text](url)` and code in braces are none. Imports the nouns.
"""

import re
import string

import msgspec

from pipeline.records import Rejected
from pipeline.stages.labels.label import Label, refuse

__all__ = ["unfinished_json"]

_SHORTEST = 2
"""A single bracket may be an answer about brackets."""
_FENCE = re.compile(r"```[ \t]*(?:json[c5l]?)?[ \t]*\n", re.IGNORECASE)
_FENCE_END = "```"
_TOKENS = re.compile(r'"(?:[^"\\]|\\.)*+("?)|[{}\[\]]', re.DOTALL)
"""A string, whose closing quotation mark may be missing, or a bracket."""
_HALF_ESCAPE = re.compile(
    r"(?<!\\)(?:\\\\)*"
    r"((?:\\u[dD][89abAB][0-9A-Fa-f]{2})?\\(?:u[0-9A-Fa-f]{0,3})?|\\u[dD][89abAB][0-9A-Fa-f]{2})\Z"
)
"""An escape that stops inside, or after the first half of a character outside the first plane."""
_OF_SCALARS = string.ascii_letters + string.digits + "+-."
"""Signs of numbers, true, false and null."""
_LAST = 80
"""Characters at the end in which half an escape is looked for."""
_CLOSES = {"{": "}", "[": "]"}
_TAILS = ("", "null", ":null")
_SHOWN = 40


def unfinished_json(label: Label) -> Rejected | None:
    """Whether the answer is the beginning of a JSON object or list."""
    text = label.text
    if not text or text[0] not in "{[`":
        return None
    if text[0] == "`":
        fence = _FENCE.match(text)
        if fence is None:
            return None
        text = text[fence.end() :].removesuffix(_FENCE_END).strip()
    if len(text) < _SHORTEST or text[0] not in "{[" or _is_json(text):
        return None
    left_open = _left_open(text)
    if left_open is None:
        return None
    tail = text[-_SHOWN:].replace("\n", " ")
    said = f"the answer ends in the middle of JSON, with {left_open} left open: ...{tail!r}"
    return refuse("unfinished_json", said)


def _left_open(text: str) -> str | None:
    """What is open at the end, in words; None where the text is not the beginning of JSON."""
    stack: list[str] = []
    in_string = False
    for token in _TOKENS.finditer(text):
        sign = token.group()
        if sign[0] == '"':
            in_string = not token[1]
        elif sign in _CLOSES:
            stack.append(sign)
        elif not stack or _CLOSES[stack.pop()] != sign or not stack:
            return None
    if not stack or not _can_be_closed(text, stack, in_string=in_string):
        return None
    string = ["a string"] if in_string else []
    brackets = f"{len(stack)} bracket{'s' if len(stack) > 1 else ''}"
    return " and ".join([*string, brackets])


def _can_be_closed(text: str, stack: list[str], *, in_string: bool) -> bool:
    closing = "".join(_CLOSES[sign] for sign in reversed(stack))
    if in_string:
        half = _HALF_ESCAPE.search(text[-_LAST:])
        whole = f'{text[: -len(half[1])] if half else text}"'
    else:
        whole = text.rstrip()
    starts = {whole, whole.removesuffix(",").rstrip(), whole.rstrip(_OF_SCALARS)}
    return any(_is_json(f"{start}{tail}{closing}") for start in starts for tail in _TAILS)


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return False
    return True
