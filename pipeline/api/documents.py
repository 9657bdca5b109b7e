"""Exported interactions and prompt templates in one file, told apart by their structure.

A file is a JSON array, one object, or an object a line. An interaction has a list of `prompts`; a
template has `content` or a `content_type`. An object without `id` whose members are lists of such
documents (`{"interactions": [...], "prompts": [...]}`) holds them all.
"""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Raw, Struct, field

from pipeline.api.interactions import Interaction
from pipeline.api.prompts import PromptTemplate

__all__ = ["Documents", "sort_documents", "split_documents"]

_SHOWN = 20


class Documents(Struct):
    """The documents of a file, by id; of two with one id the later counts."""

    interactions: dict[str, bytes] = field(default_factory=dict)
    prompts: dict[str, bytes] = field(default_factory=dict)
    """Templates with their text, those that stand in an interaction in full among them."""
    problems: list[str] = field(default_factory=list)
    """One sentence for each document that is neither; at most twenty."""


class _Shape(Struct):
    id: str | None = None
    prompts: Any = None
    content: Any = None
    content_type: Any = None


class _Template(Struct):
    template: Raw = field(default_factory=lambda: Raw(b"null"))


class _Segments(Struct):
    prompts: list[Raw] = []


_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def sort_documents(data: bytes) -> Documents:
    """The interactions and templates of a file's bytes. Raises msgspec's errors where it is none.

    A template that an interaction holds in full gives way to one that stands by itself.
    """
    found = Documents()
    within: dict[str, bytes] = {}
    for number, document in enumerate(split_documents(data), 1):
        try:
            _sort(document, found, within)
        except _ERRORS as error:
            if len(found.problems) < _SHOWN:
                found.problems.append(f"document {number}: {error}")
    found.prompts = within | found.prompts
    return found


def split_documents(file: bytes) -> Iterator[bytes]:
    """A file's documents one by one, each its very bytes; a line that is none as it is.

    Raises msgspec's errors where the whole is no JSON, and no lines either.
    """
    data = file.removeprefix(b"\xef\xbb\xbf")
    lines = [line for line in data.split(b"\n") if line.strip()]
    if len(lines) < 2 or _is_json(data):  # noqa: PLR2004 (a file of lines has two at least)
        yield from _unpacked(data)
        return
    for line in lines:
        if _is_json(line):
            yield from _unpacked(line)
        else:
            yield line


def _sort(document: bytes, found: Documents, within: dict[str, bytes]) -> None:
    shape = msgspec.json.decode(document, type=_Shape)
    if isinstance(shape.prompts, list):
        found.interactions[msgspec.json.decode(document, type=Interaction).id] = document
        within |= _embedded(document)
    elif isinstance(shape.content, str) or shape.content_type is not None:
        found.prompts[msgspec.json.decode(document, type=PromptTemplate).id] = document
    else:
        raise msgspec.ValidationError("is neither an interaction nor a prompt template")


def _embedded(interaction: bytes) -> dict[str, bytes]:
    """The templates that stand in the interaction with their text."""
    templates: dict[str, bytes] = {}
    for segment in msgspec.json.decode(interaction, type=_Segments).prompts:
        try:
            raw = bytes(msgspec.json.decode(segment, type=_Template).template)
            template = msgspec.json.decode(raw, type=PromptTemplate)
        except _ERRORS:
            continue
        if template.content is not None:
            templates[template.id] = raw
    return templates


def _is_json(data: bytes) -> bool:
    try:
        msgspec.json.decode(data, type=Raw)
    except _ERRORS:
        return False
    return True


def _unpacked(data: bytes) -> Iterator[bytes]:
    """An array's items, the items of a wrapper's arrays, or the object itself."""
    whole = bytes(msgspec.json.decode(data, type=Raw)).strip()
    if whole.startswith(b"["):
        for item in msgspec.json.decode(whole, type=list[Raw]):
            yield bytes(item)
        return
    fields = msgspec.json.decode(whole, type=dict[str, Raw]) if whole.startswith(b"{") else {}
    lists = [bytes(value) for value in fields.values() if bytes(value).startswith(b"[")]
    if "id" in fields or not lists:
        yield whole
        return
    for items in lists:
        yield from _unpacked(items)
