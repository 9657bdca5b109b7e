"""Signing in to the page: who looks, and how long.

With an API key a person sees the key's project. On a machine of one's own the server prints a
link when it starts, which opens everything once: whoever sees that terminal holds the data
anyway. Either gives a cookie with a JWT of the page's own, which opens nothing of the API.
"""

import hmac
import secrets
import time
from hashlib import sha256
from pathlib import Path

import jwt
from msgspec import Struct

from pipeline.studio.database import Database
from pipeline.studio.keys import EndedKeys, known_key, write_secret

__all__ = ["IDLE_SECONDS", "Door", "Viewer"]

IDLE_SECONDS = 3600
"""A person who looks at nothing for so long signs in again."""
_DAY = 12 * 3600
"""And every person after so long."""
_RENEW = 600
_AUDIENCE = "trainset-studio-page"
_MAX = 2048


class Viewer(Struct, frozen=True):
    """A person who looks."""

    project: str | None
    """What may be seen; None is everything."""
    key: str | None
    """The id of the API key that was used; None for the link."""
    since: int
    """When the person signed in, in seconds since 1970."""
    renewed: int

    @property
    def stale(self) -> bool:
        """Whether it is time for a new cookie."""
        return time.time() - self.renewed > _RENEW


class Door:
    """Lets people in, and knows them again."""

    def __init__(self, database: Database, data_dir: Path, ended: EndedKeys) -> None:
        self._database = database
        self._ended = ended
        self._secret = _secret(data_dir / "page-key")
        self._link: str | None = None
        self.cookie = f"trainset-{sha256(self._secret).hexdigest()[:8]}"
        """Its name: two Studios on one host do not sign one another's people out."""

    def open_link(self) -> str:
        """A new secret that opens everything once; the one before is over."""
        self._link = secrets.token_urlsafe(32)
        return self._link

    def by_link(self, said: str) -> Viewer | None:
        """The viewer whom the link lets in; it is used up by that."""
        if self._link is None or not hmac.compare_digest(self._link.encode(), said.encode()):
            return None
        self._link = None
        return _now(None, None)

    def by_key(self, said: str) -> Viewer | None:
        """The viewer whom an API key lets in."""
        key = known_key(self._database, said)
        return None if key is None else _now(key.project, key.id)

    def token(self, viewer: Viewer) -> str:
        """What the cookie holds."""
        now = int(time.time())
        claims = {
            "aud": _AUDIENCE,
            "iat": now,
            "exp": min(now + IDLE_SECONDS, viewer.since + _DAY),
            "project": viewer.project,
            "key": viewer.key,
            "since": viewer.since,
        }
        return jwt.encode(claims, self._secret, algorithm="HS256")

    def knows(self, token: str) -> Viewer | None:
        """Whose cookie it is; None where it is none, over, or its key was taken away."""
        if not token or len(token) > _MAX:
            return None
        try:
            claims = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                audience=_AUDIENCE,
                options={"require": ["exp", "iat", "aud"]},
            )
        except jwt.InvalidTokenError:
            return None
        viewer = Viewer(claims["project"], claims["key"], claims["since"], claims["iat"])
        return viewer if self._still(viewer) else None

    def _still(self, viewer: Viewer) -> bool:
        if viewer.key is None:
            return True
        if self._ended.stale:
            self._ended.refresh()
        return viewer.key not in self._ended


def _now(project: str | None, key: str | None) -> Viewer:
    now = int(time.time())
    return Viewer(project, key, now, now)


def _secret(path: Path) -> bytes:
    if not path.exists():
        write_secret(path, secrets.token_bytes(32))
    return path.read_bytes()
