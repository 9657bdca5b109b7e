"""Images and other files of a prompt: what was stored whole is kept, what was cut is named.

An image is base64 data that is whole, or an address. A document is read only where it is text.
Imports `records` and `draft`.
"""

import binascii
import re
from base64 import b64encode
from typing import Any

from pipeline.records import ContentPart, ImagePart, Rejected, TextPart
from pipeline.stages.normalize.draft import refuse

__all__ = ["read_document", "read_image_data", "read_image_url", "to_base64"]

_DATA_URL = re.compile(r"data:([^;,]+)(?:;[\w-]+=[^;,]*)*;base64,")
_MIME_TYPE = re.compile(r"image/[\w.+-]+", re.ASCII)
_URL = re.compile(r"(?:https?|gs|s3)://\S+")
_TEXT_FORMATS = {"txt", "md", "csv", "html"}
_BASE64 = "_base64"


def read_image_url(url: str, path: str) -> ImagePart | Rejected:
    """The image of a data URL or an address."""
    if match := _DATA_URL.match(url):
        return read_image_data(match[1], url[match.end() :], path)
    if _URL.fullmatch(url):
        return ImagePart(url=url)
    return refuse("unsupported_content", "an image that is neither base64 nor a URL", path)


def read_image_data(mime_type: str, data: str, path: str) -> ImagePart | Rejected:
    """The image, if the type is one of images and the data are whole base64."""
    if not _MIME_TYPE.fullmatch(mime_type):
        return refuse("unsupported_content", f"a file of type {mime_type!r}", path)
    try:
        whole = bool(binascii.a2b_base64(data, strict_mode=True))
    except ValueError:
        whole = False
    if whole:
        return ImagePart(mime_type=mime_type, data=data)
    return refuse("truncated_attachment", "an image whose data are not whole base64", path)


def to_base64(value: Any) -> str | None:
    """Bytes as they stand in JSON: base64, base64 in a wrapper, or an object of numbers.

    A `Uint8Array` that went through JSON is `{"0": 137, "1": 80, ...}`. None for anything else.
    """
    match value:
        case str():
            return value
        case {"_base64": str() as data}:
            return data
        case {"type": "Buffer", "data": list() as numbers}:
            return _from_numbers(numbers)
        case dict() if value.keys() == {str(index) for index in range(len(value))}:
            return _from_numbers([value[str(index)] for index in range(len(value))])
    return None


def _from_numbers(numbers: list[Any]) -> str | None:
    try:
        return b64encode(bytes(numbers)).decode()
    except (TypeError, ValueError):
        return None


def read_document(kind: str, data: Any, path: str) -> ContentPart | Rejected:
    """The text of a document whose format is one of text; every other document is refused."""
    if kind not in _TEXT_FORMATS:
        return refuse("unsupported_content", f"a document of type {kind!r}", path)
    encoded = to_base64(data)
    try:
        return TextPart(binascii.a2b_base64(encoded or "?", strict_mode=True).decode())
    except ValueError:
        said = "a document whose data are not whole base64 of UTF-8"
        return refuse("truncated_attachment", said, path)
