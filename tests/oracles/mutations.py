"""Everything that may be wrong with one value of a JSON document, and with the bytes of a line.

A mutation changes one place. They are enumerated, not drawn: the same document has the same
mutations in the same order.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

__all__ = ["BYTES", "Change", "changes", "mutated", "places", "replaced"]

Place = tuple[str | int, ...]
Change = tuple[str, Callable[[Any], Any]]
"""A name and what it makes of the value in its place; of a value that is taken out, `GONE`."""


class _Gone:
    """What a value is replaced by that is taken out."""


GONE = _Gone()
ROLES = ("system", "user", "assistant", "tool", "function", "developer", "model", "User", "")
LONG = "x" * 65


def places(value: Any, at: Place = ()) -> Iterator[Place]:
    """Every place of a document, the document itself first."""
    yield at
    if isinstance(value, dict):
        for key, one in value.items():
            yield from places(one, (*at, key))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from places(one, (*at, number))


def value_at(value: Any, place: Place) -> Any:
    """What stands there."""
    for step in place:
        value = value[step]
    return value


def replaced(value: Any, place: Place, new: Any) -> Any:
    """The document with another value there, or without it; what it shares is not copied."""
    if not place:
        return new
    step, *rest = place
    inner = replaced(value[step], tuple(rest), new)
    if isinstance(value, dict):
        changed = {**value, step: inner}
        return {key: one for key, one in changed.items() if one is not GONE}
    return [one for one in (*value[:step], inner, *value[step + 1 :]) if one is not GONE]


def changes(value: Any, place: Place) -> list[Change]:
    """Every change of a value that stands in that place."""
    found: list[Change] = [("drop", lambda _: GONE)] if place else []
    others = {
        "null": None, "true": True, "zero": 0, "one": 1, "minus": -1, "half": 0.5,
        "text": "text", "empty text": "", "list": [], "object": {},
    }  # fmt: skip
    found += [
        (f"is {name}", lambda _, new=new: new)
        for name, new in others.items()
        if not _same(new, value)
    ]
    found.append(("in a list", lambda old: [old]))
    found.append(("in an object", lambda old: {"value": old}))
    if isinstance(value, str):
        found += _of_text(place)
    elif isinstance(value, list):
        found += _of_list(value)
    elif isinstance(value, dict):
        found += _of_object(value)
    return found


def _same(one: Any, other: Any) -> bool:
    return type(one) is type(other) and bool(one == other)


def _of_text(place: Place) -> list[Change]:
    found: list[Change] = [
        ("blank", lambda _: " "),
        ("one letter more", lambda old: f"{old}x"),
        ("first letter less", lambda old: old[1:]),
        ("capitals", str.upper),
        ("long", lambda _: LONG),
        ("with a blank", lambda old: f"{old} !"),
        ("reserved word", lambda old: f"User: {old}"),
        ("parsed", _parsed),
    ]
    if place and place[-1] == "role":
        found += [(f"role {role}", lambda _, role=role: role) for role in ROLES]
    return found


def _parsed(old: str) -> Any:
    """The object of arguments that were JSON in a string; other texts as a list of letters."""
    try:
        return json.loads(old)
    except ValueError:
        return list(old)


def _of_list(value: list[Any]) -> list[Change]:
    found: list[Change] = [
        ("as a string", json.dumps),
        ("null added", lambda old: [*old, None]),
        ("reversed", lambda old: old[::-1]),
        ("many", lambda old: old * 12),
    ]
    for at in range(len(value)):
        found.append((f"{at} twice", lambda old, at=at: [*old[: at + 1], *old[at:]]))
        found.append(
            (
                f"{at} and the next swapped",
                lambda old, at=at: [*old[:at], *old[at : at + 2][::-1], *old[at + 2 :]],
            )
        )
        found.append(
            (f"{at} moved to the end", lambda old, at=at: [*old[:at], *old[at + 1 :], old[at]])
        )
    return found


ADDED: Mapping[str, Any] = {
    "unknown": 1,
    "": {},
    "weight": 1,
    "name": "ann",
    "content": "more",
    "tool_calls": [],
    "tool_call_id": "call_9",
    "reasoning_content": "Hm.",
    "type": "text",
    "text": "more",
    "strict": True,
    "cache_control": {"type": "ephemeral"},
    "function_call": {"name": "count", "arguments": "{}"},
    "refusal": None,
}


def _of_object(value: dict[str, Any]) -> list[Change]:
    found: list[Change] = [
        ("as a string", json.dumps),
        ("empty", lambda _: {}),
        ("keys in capitals", lambda old: {key.upper(): one for key, one in old.items()}),
        ("snake case", lambda old: {_snake(key): one for key, one in old.items()}),
        ("camel case", lambda old: {_camel(key): one for key, one in old.items()}),
    ]
    for key, new in ADDED.items():
        if key not in value:
            found.append((f"+{key}", lambda old, key=key, new=new: {**old, key: new}))
    return found


def _snake(key: str) -> str:
    return "".join(f"_{one.lower()}" if one.isupper() else one for one in key)


def _camel(key: str) -> str:
    head, *rest = key.split("_")
    return head + "".join(one.capitalize() for one in rest)


def mutated(value: Any) -> Iterator[tuple[str, Any]]:
    """Every document that differs from this one in one place, with what was done."""
    for place in places(value):
        old = value_at(value, place)
        for name, change in changes(old, place):
            yield f"{name} at /{'/'.join(map(str, place))}", replaced(value, place, change(old))


def _inside(new: bytes) -> Callable[[bytes], bytes]:
    """Put bytes into the first text of a line, after its first colon and quote."""
    return lambda line: line.replace(b':"', b':"' + new, 1)


def _value(new: bytes) -> Callable[[bytes], bytes]:
    """A key more at the beginning, with this value."""
    return lambda line: line.replace(b"{", b'{"a":' + new + b",", 1)


BYTES: Mapping[str, Callable[[bytes], bytes]] = {
    "byte-order mark": lambda line: b"\xef\xbb\xbf" + line,
    "UTF-16": lambda line: line.decode().encode("utf-16"),
    "no UTF-8": _inside(b"\xff"),
    "surrogate in UTF-8": _inside(b"\xed\xa0\x80"),
    "lone surrogate": _inside(b"\\ud800"),
    "pair of surrogates": _inside(b"\\ud83d\\udeb2"),
    "control character": _inside(b"\x01"),
    "bad escape": _inside(b"\\x"),
    "escaped": _inside(b"\\u0000"),
    "NaN": _value(b"NaN"),
    "Infinity": _value(b"-Infinity"),
    "too large": _value(b"1e999"),
    "many digits": _value(b"1" * 400),
    "leading zero": _value(b"01"),
    "nested deeply": _value(b"[" * 5000 + b"]" * 5000),
    "first key twice": lambda line: b"{" + line[1:].partition(b":")[0] + b":1," + line[1:],
    "last key twice": lambda line: line[:-1] + b"," + line[1:],
    "blanks around": lambda line: b"  " + line + b" \t",
    "carriage return": lambda line: line + b"\r",
    "comma after": lambda line: line + b",",
    "words after": lambda line: line + b" end",
    "twice": lambda line: line + line,
    "in a list": lambda line: b"[" + line + b"]",
    "comma inside": lambda line: line[:-1] + b",}",
    "comment": lambda line: line + b" // good",
    "single quotes": lambda line: line.replace(b'"', b"'"),
    "cut off": lambda line: line[: len(line) // 2],
    "no end": lambda line: line[:-1],
    "as a string": lambda line: json.dumps(line.decode()).encode(),
    "nothing": lambda _: b"",
    "a blank": lambda _: b" ",
    "null": lambda _: b"null",
}
"""What may be wrong with a line's bytes, by name."""
