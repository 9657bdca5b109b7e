"""What goes into the Authorization header. Imports api's token answer, `wire` and `retry`.

A key (`sk-…`, `pk-…`) is no JWT: it is exchanged at the token server that was named, and nothing
else ever sees it. The JWT is held in memory only.
"""

import binascii
import threading
import time
from base64 import urlsafe_b64decode
from typing import Protocol

import httpx2
import msgspec

from pipeline.api import API_VERSION
from pipeline.api.tokens import IssuedToken
from pipeline.client.failures import failure, unreachable, unreadable
from pipeline.client.hosts import host_of
from pipeline.client.retry import RetryPolicy, persist
from pipeline.client.wire import Answer, Wire
from pipeline.errors import AuthRefused, UsageError

__all__ = ["Bearer", "FixedBearer", "IssuedBearer", "checked_secret", "lifetime_of"]

_MARGIN = 60.0
"""Seconds before its end at which a token is renewed."""
_UNKNOWN_LIFETIME = 3600.0
_WHAT = "exchange the API key for a token"


class Bearer(Protocol):
    """Gives the token of the Authorization header."""

    def token(self) -> str | None:
        """The token to send now; None to send none."""

    def renewed(self, refused: str) -> str | None:
        """A token that is not the refused one; None where there is no other."""


class FixedBearer:
    """A token that was given as it is, or none at all."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    def token(self) -> str | None:
        """The same token at all times."""
        return self._token

    def renewed(self, refused: str) -> None:
        """None: there is no other."""
        del refused


class IssuedBearer:
    """Exchanges a key for JWTs, one exchange at a time however many threads ask."""

    def __init__(self, key: str, *, url: httpx2.URL, wire: Wire, policy: RetryPolicy) -> None:
        self._key = key
        self._url = url
        self._wire = wire
        self._policy = policy
        self._lock = threading.Lock()
        self._token: str | None = None
        self._renew_at = 0.0

    def token(self) -> str:
        """A token with a minute to live at least, where tokens live that long."""
        with self._lock:
            if self._token is None or time.monotonic() >= self._renew_at:
                return self._issue()
            return self._token

    def renewed(self, refused: str) -> str | None:
        """A fresh token, or the one that another thread fetched meanwhile."""
        with self._lock:
            if self._token is not None and self._token != refused:
                return self._token
            return self._issue()

    def _issue(self) -> str:
        issued = self._decoded(self._exchange())
        lifetime = lifetime_of(issued, now=time.time())
        margin = _MARGIN if lifetime > _MARGIN else 0.0
        self._renew_at = time.monotonic() + lifetime - margin
        self._token = checked_secret(issued.token)
        return self._token

    def _exchange(self) -> Answer:
        headers = {"Authorization": f"Bearer {self._key}", "x-api-version": API_VERSION}
        try:
            return persist(
                lambda: self._wire.exchange(self._wire.request("POST", self._url, headers=headers)),
                repeat="safe",
                policy=self._policy,
                pause=self._wire.pause,
            )
        except httpx2.HTTPError as error:
            raise unreachable(_WHAT, host_of(self._url), error) from error

    def _decoded(self, answer: Answer) -> IssuedToken:
        host = host_of(self._url)
        if answer.status in (404, 405, 410):
            raise AuthRefused(
                f"cannot {_WHAT}: {host} issues no tokens; name the token server (--token-url)"
            )
        if not answer.is_success:
            raise failure(_WHAT, host, answer)
        try:
            return msgspec.json.decode(answer.body, type=IssuedToken)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise unreadable(_WHAT, host, error) from None


class _Claims(msgspec.Struct):
    exp: float | None = None
    iat: float | None = None


def lifetime_of(issued: IssuedToken, *, now: float) -> float:
    """Seconds that the token lives: by its own `exp`, else as the server said, else an hour.

    A clock that is wrong makes a fresh token look ended; then its own `iat` counts.
    """
    claims = _claims(issued.token)
    if claims.exp is not None:
        if claims.exp > now:
            return claims.exp - now
        if claims.iat is not None and claims.exp > claims.iat:
            return claims.exp - claims.iat
    if issued.expires_in is not None and issued.expires_in > 0:
        return float(issued.expires_in)
    return _UNKNOWN_LIFETIME


def _claims(token: str) -> _Claims:
    """What the token says of itself, unverified: it only decides when to ask for the next."""
    try:
        payload = token.split(".")[1]
        data = urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        return msgspec.json.decode(data, type=_Claims)
    except (IndexError, binascii.Error, msgspec.DecodeError, ValueError):
        return _Claims()


def checked_secret(secret: str) -> str:
    """The secret, once it fits into a header; the message does not show it."""
    word = secret.strip()
    if not word or not word.isascii() or not word.isprintable() or " " in word:
        raise UsageError("the API key or token is empty or holds characters that no key has")
    return word
