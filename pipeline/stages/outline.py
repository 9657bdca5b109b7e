"""The form of a JSON value without its words: what may be shown of a run to report a new shape.

Keys, the nesting and the kinds of values stay; of the words only those that tell a form (`type`,
`role`) do. Items of a list that have one form are shown once. Imports nothing of the package.
"""

from typing import Any

import msgspec

__all__ = ["outline"]

_TELLING = {"type", "role"}
_MOST_KEYS = 30
_MOST_FORMS = 5
_DEEPEST = 8
_LONGEST_WORD = 40


def outline(data: bytes) -> str:
    """The outline of JSON, itself JSON: `{"messages":[{"role":"user","text":"string"}]}`."""
    return msgspec.json.encode(_form(msgspec.json.decode(data), 0, None)).decode()


def _form(value: Any, depth: int, key: str | None) -> Any:
    match value:
        case str() if key in _TELLING and len(value) <= _LONGEST_WORD and value.isascii():
            return value
        case str():
            return "string"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case dict() if depth < _DEEPEST:
            return _object(value, depth)
        case list() if depth < _DEEPEST:
            return _list(value, depth)
        case None:
            return None
    return "..."


def _object(value: dict[str, Any], depth: int) -> dict[str, Any]:
    shown = {name: _form(inner, depth + 1, name) for name, inner in [*value.items()][:_MOST_KEYS]}
    return shown | ({"...": f"{len(value) - _MOST_KEYS} more"} if len(value) > _MOST_KEYS else {})


def _list(value: list[Any], depth: int) -> list[Any]:
    forms: dict[bytes, Any] = {}
    for item in value:
        form = _form(item, depth + 1, None)
        forms.setdefault(msgspec.json.encode(form), form)
    shown = [*forms.values()]
    return shown[:_MOST_FORMS] + (["..."] if len(shown) > _MOST_FORMS else [])
