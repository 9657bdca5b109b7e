"""The one place where bytes become identity: canonical JSON, content digests, unit hashes.

Change nothing here lightly: every id, every split and every file of an old dataset hangs on it.
Imports only `records`.
"""

from hashlib import blake2b
from typing import Any

import msgspec

from pipeline.records import ChatRecord

__all__ = [
    "canonical_json",
    "content_digest",
    "decode_record",
    "encode_record",
    "record_id",
    "unit_hash",
]

_ENCODER = msgspec.json.Encoder()
_SORTED = msgspec.json.Encoder(order="deterministic")
_RECORD_DECODER = msgspec.json.Decoder(ChatRecord)
_UNIT = float(1 << 53)


def encode_record(record: ChatRecord) -> bytes:
    """The record's bytes: compact UTF-8 JSON, fields in declared order, free keys as stored."""
    return _ENCODER.encode(record)


def decode_record(data: bytes) -> ChatRecord:
    """The record that `encode_record` wrote."""
    return _RECORD_DECODER.decode(data)


def canonical_json(value: Any) -> bytes:
    """Compact UTF-8 JSON with sorted keys: equal values give equal bytes."""
    return _SORTED.encode(value)


def content_digest(data: bytes) -> str:
    """32 hexadecimal digits (BLAKE2b, 128 bits) of the bytes."""
    return blake2b(data, digest_size=16).hexdigest()


def record_id(record_bytes: bytes) -> str:
    """A record's id: the digest of its content, so equal conversations share it."""
    return content_digest(record_bytes)


def unit_hash(salt: str, key: str) -> float:
    """A number in [0, 1) that depends on nothing but the two words; uniform over keys."""
    digest = blake2b(key.encode(), key=salt.encode()[:64], digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / _UNIT
