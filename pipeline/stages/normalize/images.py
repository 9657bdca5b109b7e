"""Images of a prompt: base64 data that is whole, or an address. Imports `records`."""

import binascii
import re

from pipeline.records import ImagePart

__all__ = ["read_image_data", "read_image_url"]

_DATA_URL = re.compile(r"data:([^;,]+);base64,")
_MIME_TYPE = re.compile(r"image/[\w.+-]+", re.ASCII)
_URL = re.compile(r"(?:https?|gs|s3)://\S+")


def read_image_url(url: str) -> ImagePart | None:
    """The image of a data URL or an address; None where it is neither."""
    if match := _DATA_URL.match(url):
        return read_image_data(match[1], url[match.end() :])
    return ImagePart(url=url) if _URL.fullmatch(url) else None


def read_image_data(mime_type: str, data: str) -> ImagePart | None:
    """The image, if the type is one of images and the data are whole base64."""
    if not _MIME_TYPE.fullmatch(mime_type):
        return None
    try:
        whole = bool(binascii.a2b_base64(data, strict_mode=True))
    except ValueError:
        return None
    return ImagePart(mime_type=mime_type, data=data) if whole else None
