"""Rewrites of what stands in a message: texts joined, types of images told.

Each takes the turns and the list in which a rewrite is named. Imports `records`, `carries`.
"""

from collections.abc import Callable
from pathlib import PurePosixPath

from msgspec.structs import replace

from pipeline.formats.fitting.carries import Rewrite
from pipeline.records import ContentPart, ImagePart, Message, TextPart

__all__ = ["drop_address_types", "image_type", "join_texts", "tell_image_types", "text_of"]

_Turns = tuple[Message, ...]
_Parts = tuple[ContentPart, ...]

_BY_SUFFIX = {
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".gif": "image/gif",
    ".webp": "image/webp",
    ".heic": "image/heic",
    ".heif": "image/heif",
}
_SPELLINGS = {"image/jpg": "image/jpeg"}
"""Names for a type that are no MIME types, and are written all the same."""


def image_type(image: ImagePart) -> str | None:
    """The image's MIME type, by its own word or by its address's suffix; None: nobody says."""
    if image.mime_type is not None:
        said = image.mime_type.lower()
        return _SPELLINGS.get(said, said)
    path = (image.url or "").partition("?")[0].partition("#")[0]
    return _BY_SUFFIX.get(PurePosixPath(path).suffix.lower())


def text_of(message: Message) -> str:
    """All text of a message."""
    if isinstance(message.content, tuple):
        return "".join(part.text for part in message.content if isinstance(part, TextPart))
    return message.content or ""


def join_texts(turns: _Turns, rewrites: list[Rewrite]) -> _Turns:
    """Contents that are texts alone, each as one text."""
    return _each_content(turns, _joined, "parts_joined", rewrites)


def tell_image_types(turns: _Turns, rewrites: list[Rewrite]) -> _Turns:
    """Images with the type that they have, where it can be told."""
    return _each_content(turns, _told, "image_types_told", rewrites)


def drop_address_types(turns: _Turns, rewrites: list[Rewrite]) -> _Turns:
    """Images at addresses without their type."""
    return _each_content(turns, _untold, "image_types_dropped", rewrites)


def _each_content(
    turns: _Turns,
    rewrite: Callable[[_Parts], str | _Parts],
    named: Rewrite,
    rewrites: list[Rewrite],
) -> _Turns:
    changed: dict[int, Message] = {}
    for at, message in enumerate(turns):
        if isinstance(message.content, tuple):
            content = rewrite(message.content)
            if content is not message.content:
                changed[at] = replace(message, content=content)
    if not changed:
        return turns
    rewrites.append(named)
    return tuple(changed.get(at, message) for at, message in enumerate(turns))


def _joined(parts: _Parts) -> str | _Parts:
    texts = [part.text for part in parts if isinstance(part, TextPart)]
    return "".join(texts) if len(texts) == len(parts) else parts


def _told(parts: _Parts) -> _Parts:
    return _unless_same(parts, tuple(_with_type(part) for part in parts))


def _untold(parts: _Parts) -> _Parts:
    return _unless_same(parts, tuple(_without_type(part) for part in parts))


def _unless_same(parts: _Parts, new: _Parts) -> _Parts:
    return parts if all(one is old for one, old in zip(new, parts, strict=True)) else new


def _with_type(part: ContentPart) -> ContentPart:
    if not isinstance(part, ImagePart):
        return part
    found = image_type(part)
    return part if found == part.mime_type else replace(part, mime_type=found)


def _without_type(part: ContentPart) -> ContentPart:
    if not isinstance(part, ImagePart) or part.url is None or part.mime_type is None:
        return part
    return replace(part, mime_type=None)
