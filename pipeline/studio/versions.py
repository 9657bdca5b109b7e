"""`x-api-version`: which shape of a run's result a client reads, and how strict bodies are.

The platform's versions are dates written as eight digits. A client that names none gets results
as they are stored, and unknown keys of its bodies are ignored.
"""

import types
import typing
from typing import Any

import msgspec
from litestar import Request
from litestar.connection import ASGIConnection
from msgspec import Raw, Struct

from pipeline.studio.failures import bad_request

__all__ = ["RunShape", "refuse_unknown_keys", "version_of"]

_COLLAPSED_BELOW = 20250925
_STRICT_FROM = 20260803
_DIGITS = 8


class RunShape:
    """How runs are shown to a client of a version."""

    def __init__(self, version: int | None) -> None:
        self._collapses = version is not None and version < _COLLAPSED_BELOW

    def of(self, raw: bytes) -> bytes:
        """The document for that client: `result` collapsed for an old one, else the very bytes."""
        return _collapsed(raw) if self._collapses else raw


def version_of(connection: ASGIConnection[Any, Any, Any, Any]) -> int | None:
    """The version that the client names; None where it names none, 400 for what is none."""
    word = connection.headers.get("x-api-version")
    if word is None:
        return None
    if not (len(word) == _DIGITS and word.isascii() and word.isdigit()):
        raise bad_request("x-api-version: is a date of eight digits, such as 20260803")
    return int(word)


async def refuse_unknown_keys(request: Request[Any, Any, Any]) -> None:
    """400 for a key that the operation's body does not have, where the client asks for that."""
    version = version_of(request)
    if version is None or version < _STRICT_FROM:
        return
    expected = request.route_handler.parsed_fn_signature.parameters.get("data")
    if expected is None:
        return
    try:
        body = msgspec.json.decode(await request.body())
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return  # what is no JSON is refused by whoever reads it
    unknown = _unknown(body, expected.annotation)
    if unknown is not None:
        raise bad_request(f"{unknown[:200]}: is no key of this body")


def _unknown(body: Any, kind: Any) -> str | None:
    """The path of the first key that the type does not have."""
    known = _fields(kind)
    if known is None or not isinstance(body, dict):
        return None
    for name, value in body.items():
        if name not in known:
            return str(name)
        below = _unknown(value, known[name])
        if below is not None:
            return f"{name}.{below}"
    return None


def _fields(kind: Any) -> dict[str, Any] | None:
    """The keys of a Struct and their types; None for all other types."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType, typing.Annotated):
        found = [_fields(one) for one in typing.get_args(kind)]
        return next((one for one in found if one is not None), None)
    if isinstance(kind, type) and issubclass(kind, Struct):
        return {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
    return None


def _collapsed(raw: bytes) -> bytes:
    """The document with its result's parts as one value; unchanged where it has no parts."""
    fields = msgspec.json.decode(raw, type=dict[str, Raw])
    result = msgspec.json.decode(fields.get("result", b"null"))
    if not _are_parts(result):
        return raw
    objects = [part["value"] for part in result if part["type"] == "json"]
    texts = [str(part["value"]) for part in result if part["type"] == "text"]
    shown = objects[0] if objects else "\n".join(texts)
    return msgspec.json.encode(fields | {"result": Raw(msgspec.json.encode(shown))})


def _are_parts(result: Any) -> bool:
    """Whether it is the array of typed parts; a JSON array of another kind is a plain result."""
    return (
        isinstance(result, list)
        and bool(result)
        and all(
            isinstance(part, dict) and isinstance(part.get("type"), str) and "value" in part
            for part in result
        )
    )
