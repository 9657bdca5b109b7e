"""Which addresses the client will talk to. Imports `errors` and httpx2's URL."""

from ipaddress import ip_address
from urllib.parse import quote

import httpx2

from pipeline.api import BASE_PATH
from pipeline.errors import PermanentError, UsageError

__all__ = [
    "LOOPBACK_PATTERNS",
    "api_root",
    "checked_url",
    "host_of",
    "is_loopback",
    "path_word",
    "signed_link",
    "token_endpoint",
]

LOOPBACK_PATTERNS = ("all://localhost", "all://127.0.0.1", "all://[::1]")
"""Hosts that are never reached through a proxy of the environment."""

_TOKEN_PATH = "/token/issue"  # noqa: S105 (a path, no secret)


def checked_url(text: str, *, flag: str) -> httpx2.URL:
    """The URL, or `UsageError` where a secret sent to it could be read on the way."""
    try:
        url = httpx2.URL(text.strip())
    except httpx2.InvalidURL:
        raise UsageError(f"{flag}: is not a URL") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise UsageError(f"{flag}: must be https://HOST, or http://HOST on this machine")
    if url.userinfo:
        raise UsageError(f"{flag}: must not hold a user name or a password")
    if url.scheme == "http" and not is_loopback(url.host):
        raise UsageError(
            f"{flag}: http://{url.host} would show keys and runs to everyone on the way; "
            "use https:// (http:// is for this machine alone)"
        )
    return url


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by its name or its address."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def api_root(text: str) -> httpx2.URL:
    """Where the API's paths hang: `/api/v1` below the URL, which may already end with it."""
    url = checked_url(text, flag="--studio-url")
    path = url.path.rstrip("/")
    if not path.endswith(BASE_PATH):
        path += BASE_PATH
    return url.copy_with(path=path, query=None, fragment=None)


def token_endpoint(api: httpx2.URL, token_url: str | None) -> httpx2.URL:
    """Where keys become tokens: the named token server, else the API's own origin."""
    if token_url is None:
        return api.copy_with(path=_TOKEN_PATH)
    url = checked_url(token_url, flag="--token-url")
    path = url.path.rstrip("/")
    if not path.endswith(_TOKEN_PATH):
        path += _TOKEN_PATH
    return url.copy_with(path=path, query=None, fragment=None)


def signed_link(text: str, *, studio: httpx2.URL) -> str:
    """A URL that the Studio handed out, once it is one that runs may be sent to.

    A Studio elsewhere must not point the client at a service of this machine.
    """
    try:
        url = checked_url(text, flag=f"the URL that {studio.host} handed out")
    except UsageError as error:
        raise PermanentError(str(error)) from None
    if is_loopback(url.host) and not is_loopback(studio.host):
        raise PermanentError(
            f"{studio.host} handed out a URL on this machine ({url.host}); it is not followed"
        )
    return text


def host_of(url: httpx2.URL) -> str:
    """Host and port for a sentence; never the query, which may be a secret."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return host if url.port is None else f"{host}:{url.port}"


def path_word(value: str) -> str:
    """One segment of a path; `/`, `:` and all else that could end it are percent-encoded."""
    if value in ("", ".", ".."):
        raise UsageError(f"{value!r} is not an id")
    return quote(value, safe="")
