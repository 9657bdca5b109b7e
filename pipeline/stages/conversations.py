"""Which runs belong to one conversation: one run's whole is the beginning of another's.

A later run of a conversation repeats the turns of the earlier ones, answers included. Beginnings
below 64 characters ("Hi" - "Hello, how can I help?") tie nothing. Imports only `inputs`.
"""

from hashlib import blake2b

from pipeline.records import ChatRecord
from pipeline.stages.inputs import text_of

__all__ = ["conversation_digests"]

_MIN_CHARACTERS = 64


def conversation_digests(record: ChatRecord) -> tuple[int, tuple[int, ...]]:
    """A 63-bit digest of the whole, and those of each beginning that ends with an answer."""
    running = blake2b(digest_size=8)
    characters = 0
    beginnings: list[int] = []
    for message in record.messages:
        if message.role == "system":
            continue
        text = text_of(message)
        characters += len(text)
        running.update(f"{message.role}\0{text}\0".encode(errors="replace"))
        if message.role == "assistant" and characters >= _MIN_CHARACTERS:
            beginnings.append(int.from_bytes(running.digest(), "big") >> 1)
    if not beginnings:
        return -1, ()
    return beginnings[-1], tuple(beginnings[:-1])
