"""Which addresses the client will talk to. Imports `errors` and httpx2's URL."""

import re
from collections.abc import Collection
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
    "storage_link",
    "token_endpoint",
]

LOOPBACK_PATTERNS = ("all://localhost", "all://127.0.0.1", "all://[::1]")
"""Hosts that are never reached through a proxy of the environment."""

_STORAGES = re.compile(
    r"(?:[a-z0-9._-]+\.)?storage(?:\.mtls|\.[a-z0-9-]+\.rep)?\.googleapis\.com"
    r"|(?:[a-z0-9._-]+\.)?s3(?:-[a-z0-9-]+)?(?:\.dualstack)?(?:\.[a-z]{2}(?:-[a-z]+)+-\d)?"
    r"\.amazonaws\.com(?:\.cn)?"
)
"""Google's and Amazon's storages, with and without a bucket in front.

https://cloud.google.com/storage/docs/request-endpoints and
https://docs.aws.amazon.com/general/latest/gr/s3.html (read 2026-11-26)
"""
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


def storage_link(text: str, *, studio: httpx2.URL, storages: Collection[str] = ()) -> None:
    """Raise `PermanentError` unless a URL that the Studio handed out is one to send runs to.

    That is the Studio itself, Google's storage and Amazon's, and what a person has named as
    `HOST` or `HOST:PORT`: else a Studio could point the client at any service that it reaches.
    """
    try:
        url = checked_url(text, flag=f"the URL that {studio.host} handed out")
    except UsageError as error:
        raise PermanentError(str(error)) from None
    if not ({url.host, host_of(url)} & set(storages) or _is_storage(url, studio)):
        raise PermanentError(
            f"{studio.host} handed out a URL on {host_of(url)}, which is neither itself nor a "
            f"known storage; if it is to be trusted, give --storage-host {host_of(url)}"
        )


def _is_storage(url: httpx2.URL, studio: httpx2.URL) -> bool:
    if (url.scheme, url.host, url.port) == (studio.scheme, studio.host, studio.port):
        return True
    if url.scheme != "https" or url.port is not None:
        return False
    uploads_of_old = url.host == "www.googleapis.com" and url.path.startswith("/upload/storage/")
    return uploads_of_old or _STORAGES.fullmatch(url.host) is not None


def host_of(url: httpx2.URL) -> str:
    """Host and port for a sentence; never the query, which may be a secret."""
    host = f"[{url.host}]" if ":" in url.host else url.host
    return host if url.port is None else f"{host}:{url.port}"


def path_word(value: str) -> str:
    """One segment of a path; `/`, `:` and all else that could end it are percent-encoded."""
    if value in ("", ".", ".."):
        raise UsageError(f"{value!r} is not an id")
    return quote(value, safe="")
