"""What an image costs in tokens: by its size, which is read from its first bytes.

Rules, read 2026-11-26. OpenAI (developers.openai.com/api/docs/guides/vision-fine-tuning; Azure's
overview of image tokens says the same): 85 with `detail` low; else the image is fitted into 2048
pixels, its shorter side brought down to 768, and 170 paid for each square of 512 and 85 besides.
Gemini (ai.google.dev/gemini-api/docs/tokens): 258 up to 384 pixels either way, else 258 for each
square of 768. Imports `records`.
"""

from base64 import b64decode
from binascii import Error
from collections.abc import Callable

from pipeline.records import ImagePart

__all__ = ["ImageRule", "gemini_image", "image_size", "openai_image"]

ImageRule = Callable[[ImagePart], int]
"""The tokens of one image."""

_UNKNOWN = (1024, 1024)
"""Pixels, width and height, that an image is taken to have where they cannot be read: behind a
URL, or in a format that is not PNG, JPEG, GIF or WebP."""
_HEAD = 1 << 17
"""Base64 characters in which a size is looked for first; a multiple of 4."""

_LOW, _EVERY, _TILE = 85, 85, 170
_LONGEST, _SHORTEST, _SQUARE = 2048, 768, 512
_GEMINI_TILE, _GEMINI_SMALL, _GEMINI_SQUARE = 258, 384, 768


def openai_image(image: ImagePart) -> int:
    """By OpenAI's rule for gpt-4o and gpt-4.1; `auto` is taken for high."""
    if image.detail == "low":
        return _LOW
    width, height = _size(image)
    fit = min(1.0, _LONGEST / max(width, height))
    width, height = round(width * fit), round(height * fit)
    fit = min(1.0, _SHORTEST / max(1, min(width, height)))
    across, down = (_squares(round(side * fit), _SQUARE) for side in (width, height))
    return _EVERY + _TILE * across * down


def gemini_image(image: ImagePart) -> int:
    """By Google's rule for Gemini 2.0 and later."""
    width, height = _size(image)
    if max(width, height) <= _GEMINI_SMALL:
        return _GEMINI_TILE
    return _GEMINI_TILE * _squares(width, _GEMINI_SQUARE) * _squares(height, _GEMINI_SQUARE)


def _squares(side: int, square: int) -> int:
    return max(1, -(-side // square))


def _size(image: ImagePart) -> tuple[int, int]:
    if image.data is None:
        return _UNKNOWN
    for text in (image.data[:_HEAD], image.data):
        try:
            size = image_size(b64decode(text))
        except (Error, ValueError):
            return _UNKNOWN
        if size is not None:
            return size
    return _UNKNOWN


def image_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of a PNG, GIF, WebP or JPEG; None where they are not found."""
    size: tuple[int, int] | None = None
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        size = _big(data, 16, 4), _big(data, 20, 4)
    elif data.startswith((b"GIF87a", b"GIF89a")):
        size = _little(data, 6, 2), _little(data, 8, 2)
    elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        size = _webp(data)
    elif data.startswith(b"\xff\xd8"):
        size = _jpeg(data)
    return size if size is not None and min(size) > 0 else None


def _big(data: bytes, at: int, count: int) -> int:
    return int.from_bytes(data[at : at + count], "big")


def _little(data: bytes, at: int, count: int) -> int:
    return int.from_bytes(data[at : at + count], "little")


def _webp(data: bytes) -> tuple[int, int] | None:
    match data[12:16]:
        case b"VP8 ":
            return _little(data, 26, 2) & 0x3FFF, _little(data, 28, 2) & 0x3FFF
        case b"VP8L":
            bits = _little(data, 21, 4)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            return _little(data, 24, 3) + 1, _little(data, 27, 3) + 1
    return None


_NO_FRAME = {0xC4, 0xC8, 0xCC}
"""Markers among those of frames (C0 to CF) that begin none."""
_ALONE = {0x01, *range(0xD0, 0xDA)}
"""Markers that no length follows."""


def _jpeg(data: bytes) -> tuple[int, int] | None:
    """The size in the header of the first frame."""
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:  # noqa: PLR2004 (a marker's first byte)
        marker = data[at + 1]
        if marker == 0xFF:  # noqa: PLR2004 (a fill byte before a marker)
            at += 1
        elif marker in _ALONE:
            at += 2
        elif 0xC0 <= marker <= 0xCF and marker not in _NO_FRAME:  # noqa: PLR2004 (as the set above)
            return _big(data, at + 7, 2), _big(data, at + 5, 2)
        else:
            at += 2 + _big(data, at + 2, 2)
    return None
