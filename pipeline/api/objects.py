"""The answer of a finished upload: a Cloud Storage object resource, cut to what is used.

Source: https://cloud.google.com/storage/docs/json_api/v1/objects (read 2026-11-23).
"""

from msgspec import Struct

__all__ = ["StoredObject"]


class StoredObject(Struct, frozen=True, omit_defaults=True, rename="camel"):
    """An object as it stands after an upload. Sizes are decimal strings on this wire."""

    name: str
    size: str
    crc32c: str | None = None
    """Base64 of the big-endian checksum."""
    md5_hash: str | None = None
    generation: str | None = None
    bucket: str | None = None
