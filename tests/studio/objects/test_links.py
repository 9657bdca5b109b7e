"""Signed links: for one object, one method and a time, and never a way out of the objects."""

import socket
from base64 import b64encode
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import google_crc32c
import pytest

from pipeline.studio import EmbeddedStudio


def crc(data: bytes) -> str:
    return b64encode(google_crc32c.Checksum(data).digest()).decode()


def test_a_link_is_for_its_object_its_method_and_its_time(account: Any) -> None:
    links = account.studio.studio.links
    name, other = (account.upload(account.session(), word) for word in (b"one", b"two"))
    link = links.signed(name, "GET")
    assert account.http.get(link).content == b"one"
    for wrong in (
        link.replace(name, other),
        link[:-1] + ("0" if link[-1] != "0" else "1"),
        links.place(name),
        links.signed(name, "PUT"),
        link.replace("X-Expires=", "X-Expires=9"),
        link.replace("X-Expires=", "X-Expires=x"),
        link.partition("&")[0],
    ):
        account.refused(account.http.get(wrong), 403)
    for method in ("PUT", "DELETE", "POST", "PATCH"):
        account.refused(account.http.request(method, link), 403)


@pytest.mark.parametrize(("lifetime", "status"), [(0, 403), (60, 404)])
def test_an_expired_link_is_403(account: Any, tmp_path: Path, lifetime: float, status: int) -> None:
    with EmbeddedStudio(tmp_path / "short", link_lifetime=lifetime) as studio:
        link = studio.studio.links.signed("any.jsonl", "GET")
        account.refused(account.http.get(link), status)


def test_ranges_and_heads(account: Any) -> None:
    link = account.studio.studio.links.signed(
        account.upload(account.session(), b"0123456789"), "GET"
    )
    head = account.http.head(link)
    assert head.status_code == 200
    assert (head.headers["content-length"], head.content) == ("10", b"")
    assert f"crc32c={crc(b'0123456789')}" in head.headers["x-goog-hash"]
    for asked, answered, place in (
        ("2-4", b"234", "bytes 2-4/10"),
        ("7-", b"789", "bytes 7-9/10"),
        ("8-99", b"89", "bytes 8-9/10"),
    ):
        part = account.http.get(link, headers={"Range": f"bytes={asked}"})
        assert (part.status_code, part.content) == (206, answered)
        assert part.headers["content-range"] == place
    over = account.http.get(link, headers={"Range": "bytes=10-"})
    assert (over.status_code, over.headers["content-range"]) == (416, "bytes */10")
    whole = account.http.get(link, headers={"Range": "lines=1-2"})
    assert (whole.status_code, whole.content) == (200, b"0123456789")


@pytest.mark.parametrize(
    "path",
    [
        "../studio.db",
        "..%2fstudio.db",
        "%2e%2e/studio.db",
        "%2e%2e%2fstudio.db",
        "..%252fstudio.db",
        "x/../../studio.db",
        "/etc/passwd",
        "//etc/passwd",
        "token-key.pem",
        "",
        "%00",
    ],
)
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD"])
def test_no_path_leads_out_of_the_objects(account: Any, path: str, method: str) -> None:
    parsed = urlsplit(account.studio.url)
    with socket.create_connection((parsed.hostname, parsed.port)) as connection:
        head = f"{method} /objects/{path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
        connection.sendall(f"{head}Connection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.split(b" ")[1] in (b"403", b"404", b"400")
    assert b"SQLite" not in answer
    assert b"PRIVATE" not in answer


def test_a_signed_link_to_no_object_is_404(account: Any) -> None:
    for name in ("../studio.db", "none.jsonl"):
        link = account.studio.studio.links.signed(name, "GET")
        answer = account.http.get(link.replace("../", "%2e%2e/"))
        account.refused(answer, answer.status_code)
        assert answer.status_code in (403, 404)
