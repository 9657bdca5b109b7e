"""API keys: who calls, and for which project. A key is stored as its SHA-256 and shown once.

A key ends at a time, or when it is revoked; tokens that were made for it end with it.
"""

import hmac
import os
import secrets
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct
from sqlalchemy import ColumnElement, Connection, Row, insert, select, update

from pipeline.errors import UsageError
from pipeline.studio.clock import now_ms, now_text, text_of_ms
from pipeline.studio.database import Database
from pipeline.studio.tables import api_keys

__all__ = [
    "Caller",
    "EndedKeys",
    "KeyRow",
    "KnownKey",
    "create_key",
    "known_key",
    "list_keys",
    "revoke_key",
    "rotate_key",
    "write_secret",
]

_SHOWN = 11
"""Characters of a key that are kept to tell it from others: `sk-` and eight."""
_ID = 16
_FRESH = 2.0
"""Seconds for which what is known of ended keys counts."""


class Caller(Struct, frozen=True):
    """Who calls."""

    project: str
    subject: str


class KnownKey(Struct, frozen=True):
    """A key that counts now."""

    id: str
    """The beginning of its digest: names it in tokens, and opens nothing."""
    project: str
    expires_at: float | None
    """Seconds since 1970."""


class KeyRow(Struct, frozen=True):
    """A key as it is listed."""

    prefix: str
    project: str
    state: Literal["active", "expired", "revoked"]
    created_at: str
    expires_at: str | None
    revoked_at: str | None


def create_key(database: Database, project: str, *, lifetime: float | None = None) -> str:
    """A new API key of the project, for so many seconds; only its digest is kept."""
    with database.write() as connection:
        return _create(connection, project, lifetime)


def known_key(database: Database, key: str) -> KnownKey | None:
    """The key, if it was made here and is not over."""
    digest = _digest(key)
    with database.read() as connection:
        found = connection.execute(select(api_keys).where(api_keys.c.hash == digest)).one_or_none()
    if found is None or not hmac.compare_digest(found.hash, digest) or _state(found) != "active":
        return None
    ends = None if found.expires_at is None else found.expires_at / 1000
    return KnownKey(digest[:_ID], found.project, ends)


def list_keys(database: Database, project: str | None = None) -> list[KeyRow]:
    """All keys, or those of a project, oldest first."""
    query = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.prefix)
    if project is not None:
        query = query.where(api_keys.c.project == project)
    with database.read() as connection:
        return [_listed(row) for row in connection.execute(query)]


def revoke_key(database: Database, prefix: str) -> KeyRow:
    """End the one key that begins like this, and the tokens that were made for it."""
    with database.write() as connection:
        row = _the_one(connection, prefix)
        _set(connection, row, revoked_at=now_text())
        return _listed(_the_one(connection, row.hash))


def rotate_key(
    database: Database, prefix: str, *, overlap: float, lifetime: float | None = None
) -> str:
    """A new key in place of one, which goes on for `overlap` seconds at most."""
    with database.write() as connection:
        row = _the_one(connection, prefix)
        if _state(row) != "active":
            raise UsageError(f"the key {row.prefix}... is {_state(row)}; make a new one")
        ends = now_ms() + int(overlap * 1000)
        _set(connection, row, expires_at=min(ends, row.expires_at or ends))
        return _create(connection, row.project, lifetime)


class EndedKeys:
    """Ids of the keys that are over: looked up at most every two seconds."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._ids: frozenset[str] = frozenset()
        self._until = 0.0

    @property
    def stale(self) -> bool:
        """Whether it is time to look again."""
        return time.monotonic() >= self._until

    def refresh(self) -> None:
        """Look which keys are over."""
        self._until = time.monotonic() + _FRESH
        query = select(api_keys.c.hash).where(_ended(now_ms()))
        with self._database.read() as connection:
            found = connection.execute(query).scalars()
            self._ids = frozenset(digest[:_ID] for digest in found)

    def __contains__(self, ident: object) -> bool:
        """Whether the key of that id is over."""
        return ident in self._ids


def write_secret(path: Path, content: bytes) -> None:
    """A file that only its owner reads; it is there whole or not at all."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)


def _create(connection: Connection, project: str, lifetime: float | None) -> str:
    key = f"sk-{secrets.token_urlsafe(32)}"
    row = {
        "hash": _digest(key),
        "project": project,
        "prefix": key[:_SHOWN],
        "created_at": now_text(),
        "expires_at": None if lifetime is None else now_ms() + int(lifetime * 1000),
    }
    connection.execute(insert(api_keys).values(row))
    return key


def _the_one(connection: Connection, word: str) -> Row[Any]:
    """The key of that beginning (or digest, or the whole key); refuses none and more than one."""
    if word.startswith("sk-") and len(word) > _SHOWN:
        word = _digest(word)
    exact = connection.execute(select(api_keys).where(api_keys.c.hash == word)).one_or_none()
    found = [exact] if exact is not None else _beginning(connection, word)
    if len(found) == 1:
        return found[0]
    if not found:
        raise UsageError("no API key begins like that; `trainset studio key --list` shows them")
    listed = ", ".join(f"{row.prefix}... of {row.project}" for row in found[:5])
    raise UsageError(f"{len(found)} API keys begin like that: {listed}; give more of it")


def _beginning(connection: Connection, word: str) -> Sequence[Row[Any]]:
    if not word.startswith("sk-"):
        return []
    rows = connection.execute(select(api_keys)).all()
    return [row for row in rows if row.prefix.startswith(word)]


def _set(connection: Connection, row: Row[Any], **values: Any) -> None:
    connection.execute(update(api_keys).where(api_keys.c.hash == row.hash).values(values))


def _ended(moment: int) -> ColumnElement[bool]:
    return (api_keys.c.revoked_at.is_not(None)) | (api_keys.c.expires_at <= moment)


def _state(row: Row[Any]) -> Literal["active", "expired", "revoked"]:
    if row.revoked_at is not None:
        return "revoked"
    over = row.expires_at is not None and row.expires_at <= now_ms()
    return "expired" if over else "active"


def _listed(row: Row[Any]) -> KeyRow:
    ends = None if row.expires_at is None else text_of_ms(row.expires_at)
    return KeyRow(row.prefix, row.project, _state(row), row.created_at, ends, row.revoked_at)


def _digest(key: str) -> str:
    return sha256(key.encode(errors="replace")).hexdigest()
