"""Which runs belong to one conversation: one run's whole is the beginning of another's.

A later run of a conversation repeats the turns of the earlier ones, answers included. Beginnings
below 64 characters ("Hi" - "Hello, how can I help?") tie nothing. Imports only
`records`.
"""

from collections.abc import Sequence

import xxhash

from pipeline.records import ChatRecord

__all__ = ["conversation_digests"]

_MIN_CHARACTERS = 64


def conversation_digests(record: ChatRecord, words: Sequence[str]) -> tuple[int, tuple[int, ...]]:
    """A 63-bit digest of the whole, and those of each beginning that ends with an answer.

    `words` are those of the record's messages. -1 and nothing where it is too short to tie.
    """
    running = xxhash.xxh3_64()
    characters = 0
    beginnings: list[int] = []
    for message, text in zip(record.messages, words, strict=True):
        if message.role == "system":
            continue
        characters += len(text)
        running.update(f"{message.role}\0{text}\0".encode())
        if message.role == "assistant" and characters >= _MIN_CHARACTERS:
            beginnings.append(running.intdigest() >> 1)
    if not beginnings:
        return -1, ()
    return beginnings[-1], tuple(beginnings[:-1])
