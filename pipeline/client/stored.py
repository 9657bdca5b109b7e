"""What a storage says of an object, and whether it is the file. Imports api's object and errors."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import httpx2
import msgspec
from msgspec import Struct

from pipeline.api.objects import StoredObject
from pipeline.client.wire import Answer
from pipeline.errors import IntegrityError

__all__ = ["RemoteObject", "compare", "compare_etag", "remote_of", "stored_object"]

_MD5 = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class RemoteObject:
    """What is known of an object before it is downloaded; None where it is not told."""

    size: int | None
    crc32c: str | None
    """Base64 of the big-endian checksum, over the bytes as they are downloaded."""
    version: tuple[str, ...] = ()
    """Words that change with the object; empty where none are told."""


class _AnyObject(Struct, rename="camel"):
    """The object's JSON as storages and their emulators write it."""

    name: str | None = None
    size: str | int | None = None
    crc32c: str | None = None
    md5_hash: str | None = None
    generation: str | int | None = None
    bucket: str | None = None


def stored_object(answer: Answer, url: httpx2.URL, size: int) -> StoredObject:
    """The object of a finished upload: from the answer's JSON, else from its headers.

    Only the JSON API answers with the object; a signed PUT answers with headers alone.
    https://cloud.google.com/storage/docs/xml-api/reference-headers (read 2026-11-23)
    """
    try:
        told = msgspec.json.decode(answer.body, type=_AnyObject)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        told = _AnyObject()
    length = answer.headers.get("x-goog-stored-content-length")
    generation = told.generation or answer.headers.get("x-goog-generation")
    return StoredObject(
        name=told.name or unquote(url.path.rsplit("/", 1)[-1]),
        size=str(told.size if told.size is not None else length or size),
        crc32c=told.crc32c or _hashes(answer.headers).get("crc32c"),
        md5_hash=told.md5_hash or _hashes(answer.headers).get("md5"),
        generation=str(generation) if generation is not None else None,
        bucket=told.bucket,
    )


def remote_of(status: int, headers: Mapping[str, str]) -> RemoteObject:
    """What the head of a download's answer tells of the whole object."""
    encoding = headers.get("x-goog-stored-content-encoding", "identity")
    version = (headers.get("etag", ""), headers.get("x-goog-generation", ""))
    checksum = _hashes(headers).get("crc32c", "")
    return RemoteObject(
        size=_whole_size(status, headers),
        # Of an object that is stored compressed, the checksum is of the compressed bytes.
        crc32c=checksum if checksum and encoding == "identity" else None,
        version=tuple(word for word in (*version, checksum) if word),
    )


def compare(*, where: str, size: tuple[int, int | None], crc32c: tuple[str, str | None]) -> None:
    """Raise `IntegrityError` unless what is here is what is there, as far as that is told."""
    for word, (here, there) in (("bytes", size), ("crc32c", crc32c)):
        if there is not None and here != there:
            raise IntegrityError(
                f"the object on {where} is not the file: {word} {there} there and {here} here; "
                "transfer it again"
            )


def compare_etag(where: str, answer: Answer, md5: str | None) -> None:
    """Raise `IntegrityError` where S3 answers a PUT with the MD5 of other bytes than were sent.

    The ETag of an object in one piece is its MD5, unless it is encrypted with a key of KMS or of
    the customer: https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html (read 2026-11-26)
    """
    etag = answer.headers.get("etag", "").strip('"')
    plain = answer.headers.get("x-amz-server-side-encryption", "AES256") == "AES256"
    customers = "x-amz-server-side-encryption-customer-algorithm" in answer.headers
    if md5 is None or not plain or customers or not _MD5.fullmatch(etag):
        return
    if etag != md5:
        raise IntegrityError(
            f"the object on {where} is not the file: md5 {etag} there and {md5} here; "
            "transfer it again"
        )


def _whole_size(status: int, headers: Mapping[str, str]) -> int | None:
    """The object's size: of a part it stands behind the slash of Content-Range."""
    if status in (206, 416):
        total = headers.get("content-range", "").rpartition("/")[2]
        return int(total) if total.isdecimal() else None
    if headers.get("content-encoding", "identity") != "identity":
        return None
    length = headers.get("content-length", "")
    return int(length) if length.isdecimal() else None


def _hashes(headers: Mapping[str, str]) -> dict[str, str]:
    """`x-goog-hash: crc32c=…, md5=…`, which may come as one header or two."""
    parts = (part.strip() for part in headers.get("x-goog-hash", "").split(","))
    return {name: value for name, _, value in (part.partition("=") for part in parts) if value}
