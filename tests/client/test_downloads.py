import base64
import random
import tracemalloc
from pathlib import Path
from typing import Any

import google_crc32c
import pytest

from pipeline.client import Limits, RemoteObject, RetryPolicy, download, remote_object
from pipeline.errors import AuthRefused, IntegrityError, NotFound, PermanentError, Unreachable

GET = "GET /o"
DATA = random.Random(3).randbytes(300_000)


def crc(data: bytes) -> str:
    return base64.b64encode(google_crc32c.Checksum(data).digest()).decode()


class Object:
    """An object behind a signed URL that breaks after some bytes, a few times."""

    def __init__(self, server: Any, data: bytes = DATA, breaks: tuple[int, ...] = ()) -> None:
        self.server = server
        self.data = data
        self.breaks = list(breaks)
        self.hash = f"md5=eA==,crc32c={crc(data)}"
        self.etag = '"v1"'
        self.url = f"{server.url}/o?X-Goog-Signature=secret-2"
        server.on(GET, self.get)

    def get(self, seen: Any) -> Any:
        assert "authorization" not in seen.headers
        headers = {"x-goog-hash": self.hash, "etag": self.etag}
        headers = {name: value for name, value in headers.items() if value}
        first, _, last = seen.headers.get("range", "").removeprefix("bytes=").partition("-")
        start = int(first or 0)
        body = self.data[start : int(last) + 1 if last else None]
        status = 206 if first else 200
        if first:
            end = start + len(body) - 1
            headers["content-range"] = f"bytes {start}-{end}/{len(self.data)}"
        if self.breaks:
            return self.server.cut(body[: self.breaks.pop(0)], len(body), status, **headers)
        return self.server.raw(body, status, "application/jsonl", **headers)


def test_an_object_comes_whole(server: Any, tmp_path: Path, quick: RetryPolicy) -> None:
    thing, told = Object(server), list[int]()
    digests = download(thing.url, tmp_path / "x.jsonl", retry=quick, on_progress=told.append)
    assert (tmp_path / "x.jsonl").read_bytes() == DATA
    assert (digests.crc32c, digests.bytes) == (crc(DATA), len(DATA))
    assert sum(told) == len(DATA)
    assert min(told) > 0


def test_breaks_are_gone_on_from(server: Any, tmp_path: Path, quick: RetryPolicy) -> None:
    thing = Object(server, breaks=(0, 100_000, 0, 50_000, 7))
    download(thing.url, tmp_path / "x", retry=quick)
    assert (tmp_path / "x").read_bytes() == DATA
    assert any(seen.headers.get("range") == "bytes=100000-" for seen in server.seen)


def test_without_a_version_the_start_is_the_only_way(
    server: Any, tmp_path: Path, quick: RetryPolicy
) -> None:
    thing = Object(server, breaks=(100_000,))
    thing.hash = thing.etag = ""
    download(thing.url, tmp_path / "x", retry=quick)
    assert (tmp_path / "x").read_bytes() == DATA
    assert not any("range" in seen.headers for seen in server.seen)


def test_an_object_that_was_replaced_is_not_spliced(
    server: Any, tmp_path: Path, quick: RetryPolicy
) -> None:
    Object(server, breaks=(100_000,))
    old = server.steps[GET][0]
    thing = Object(server, data=DATA[::-1])
    thing.etag = '"v2"'
    server.on(GET, old, thing.get, thing.get, thing.get)
    download(thing.url, tmp_path / "x", retry=quick)
    assert (tmp_path / "x").read_bytes() == DATA[::-1]


def test_bytes_that_are_not_the_objects_are_found_out(
    server: Any, tmp_path: Path, quick: RetryPolicy
) -> None:
    thing = Object(server)
    thing.hash = "crc32c=AAAAAA=="
    (tmp_path / "x").write_bytes(b"what was there")
    with pytest.raises(IntegrityError, match="is not the file"):
        download(thing.url, tmp_path / "x", retry=quick)
    assert (tmp_path / "x").read_bytes() == b"what was there"
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_a_part_that_nobody_asked_for_is_not_taken(
    server: Any, tmp_path: Path, quick: RetryPolicy
) -> None:
    server.on(GET, server.raw(b"abc", 206, content_range="bytes 0-2/9"))
    with pytest.raises(Unreachable, match="another part"):
        download(f"{server.url}/o", tmp_path / "x", retry=quick)


def test_a_storage_that_always_breaks_is_given_up(
    server: Any, tmp_path: Path, quick: RetryPolicy
) -> None:
    thing = Object(server, breaks=(0,) * 50)
    with pytest.raises(Unreachable, match="cannot download x") as caught:
        download(thing.url, tmp_path / "x", retry=quick)
    assert "secret-2" not in str(caught.value)
    assert len(server.seen) == quick.attempts
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("status", "kind"), [(403, AuthRefused), (404, NotFound), (302, PermanentError)]
)
def test_a_link_that_is_refused_is_told_at_once(
    server: Any, tmp_path: Path, quick: RetryPolicy, status: int, kind: type[Exception]
) -> None:
    server.on(GET, server.raw(b"<Code>", status, location="/evil"))
    for call in (
        lambda: download(f"{server.url}/o", tmp_path / "x", retry=quick),
        lambda: remote_object(f"{server.url}/o", retry=quick),
    ):
        server.seen.clear()
        with pytest.raises(kind):
            call()
        assert len(server.seen) == 1


def test_an_object_that_comes_compressed_is_refused(
    server: Any, tmp_path: Path, quick: RetryPolicy
) -> None:
    server.on(GET, server.raw(b"zzz", 200, content_encoding="gzip"))
    with pytest.raises(PermanentError, match="compressed"):
        download(f"{server.url}/o", tmp_path / "x", retry=quick)


def test_memory_stays_flat(server: Any, tmp_path: Path, quick: RetryPolicy) -> None:
    thing = Object(server, data=b"x" * (24 << 20))
    peak_of_server = 3 * len(thing.data)
    tracemalloc.start()
    download(thing.url, tmp_path / "x", retry=quick)
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    server.on(GET, server.raw(thing.data))
    download(thing.url, tmp_path / "x", retry=quick)
    peak = tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    assert peak < 8 << 20 < peak_of_server


def test_what_is_behind_a_link_is_known_from_its_first_byte(
    server: Any, quick: RetryPolicy
) -> None:
    thing = Object(server)
    remote = remote_object(thing.url, retry=quick)
    assert remote is not None
    assert (remote.size, remote.crc32c) == (len(DATA), crc(DATA))
    assert server.seen[0].headers["range"] == "bytes=0-0"


def test_a_range_that_is_ignored_does_not_bring_the_body(server: Any, quick: RetryPolicy) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\nx-goog-hash: crc32c=AAAAAA==\r\n\r\n"
    server.on(GET, server.trickle(head, b"x"))
    remote = remote_object(f"{server.url}/o", retry=quick, limits=Limits(whole=1))
    assert remote == RemoteObject(99_999_999, "AAAAAA==", ("AAAAAA==",))


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (416, {"content_range": "bytes */0"}, RemoteObject(0, None)),
        (206, {"content_range": "bytes 0-0/*"}, None),
        (
            200,
            {"x_goog_stored_content_encoding": "gzip", "x_goog_hash": "crc32c=AAAAAA=="},
            RemoteObject(2, None, ("AAAAAA==",)),
        ),
    ],
)
def test_what_storages_tell_of_odd_objects(
    server: Any, quick: RetryPolicy, status: int, headers: dict[str, str], expected: Any
) -> None:
    server.on(GET, server.json({}, 503), server.raw(b"ab", status, "text/plain", **headers))
    assert remote_object(f"{server.url}/o", retry=quick) == expected
