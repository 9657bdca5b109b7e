"""Uploads against a storage that speaks the resumable protocol and breaks at every place."""

import base64
import os
import random
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import google_crc32c
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.client import Limits, RetryPolicy, UploadGone, upload_file
from pipeline.client.uploads import UNIT, _position
from pipeline.client.wire import Answer
from pipeline.errors import (
    AuthRefused,
    IntegrityError,
    PermanentError,
    SourceUnreadable,
    Unreachable,
    UsageError,
)
from pipeline.manifest import FileDigests

PUT = "PUT /upload/o"


def crc(data: bytes) -> str:
    return base64.b64encode(google_crc32c.Checksum(data).digest()).decode()


class Storage:
    """A resumable session: bytes, and a fault for the n-th PUT."""

    def __init__(self, server: Any) -> None:
        self.server = server
        self.url = f"{server.url}/upload/o?uploadType=resumable&upload_id=secret-1"
        self.data = b""
        self.total: int | None = None
        self.received = 0
        self.faults: dict[int, str] = {}
        self.calls = 0
        self.taken = -1
        """Bytes of each chunk that are kept; all of them where negative."""
        server.on(PUT, self.put)

    def put(self, seen: Any) -> Any:
        self.calls += 1
        fault = self.faults.get(self.calls, "")
        assert "authorization" not in seen.headers
        assert seen.headers["accept-encoding"] == "identity"
        if fault.isdecimal():
            return self.server.json({"error": "x", "status": int(fault)}, int(fault))
        if fault == "reset":
            return self.server.reset()
        if fault == "half":
            self.store(seen, len(seen.body) // 2)
            return self.server.raw(b"<html>", 503)
        answer = self.store(seen, len(seen.body) if self.taken < 0 else self.taken)
        return self.server.cut(b"", 99) if fault == "lost" else answer

    def store(self, seen: Any, count: int) -> Any:
        span = seen.headers["content-range"]
        found = re.fullmatch(r"bytes (?:\*|(\d+)-(\d+))/(\d+)", span)
        assert found is not None, span
        total = int(found[3])
        self.received += len(seen.body)
        if found[1] is not None:
            start, end = int(found[1]), int(found[2])
            assert end - start + 1 == len(seen.body)
            assert start <= len(self.data), "a gap"
            assert end + 1 == total or (end + 1 - start) % UNIT == 0
            assert ("x-goog-hash" in seen.headers) == (end + 1 == total)
            if self.total is None:
                self.data = self.data[:start] + seen.body[:count]
                if len(self.data) < total:
                    self.data = self.data[: len(self.data) // UNIT * UNIT]
        if (len(self.data) == total and found[1] is not None) or total == 0 or self.total:
            self.total = total
            return self.finished()
        held = {"range": f"bytes=0-{len(self.data) - 1}"} if self.data else {}
        return self.server.raw(b"", 308, **held)

    def finished(self) -> Any:
        return self.server.json(
            {
                "name": "train.jsonl",
                "size": str(len(self.data)),
                "crc32c": crc(self.data),
                "generation": "7",
                "kind": "storage#object",
            }
        )


@pytest.fixture
def storage(server: Any) -> Storage:
    return Storage(server)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    path.write_bytes(random.Random(7).randbytes(3 * UNIT + 12_345))
    return path


def upload(storage: Storage, path: Path, quick: RetryPolicy, **more: Any) -> Any:
    return upload_file(storage.url, path, chunk=UNIT, retry=quick, **more)


def test_a_file_goes_over_whole(storage: Storage, file: Path, quick: RetryPolicy) -> None:
    told: list[int] = []
    stored = upload(storage, file, quick, on_progress=told.append)
    assert storage.data == file.read_bytes()
    assert (stored.name, stored.size, stored.generation) == (
        "train.jsonl",
        str(file.stat().st_size),
        "7",
    )
    assert told == [UNIT, UNIT, UNIT, 12_345]
    assert storage.server.seen[0].headers["content-range"].startswith("bytes */")


@pytest.mark.parametrize("fault", ["503", "500", "408", "429", "reset", "half", "lost"])
@pytest.mark.parametrize("place", [1, 2, 3, 4, 5])
def test_a_break_at_any_place_is_survived(
    storage: Storage, file: Path, quick: RetryPolicy, fault: str, place: int
) -> None:
    storage.faults = {place: fault}
    upload(storage, file, quick)
    assert storage.data == file.read_bytes()
    assert storage.received <= file.stat().st_size + UNIT


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.dictionaries(
        st.integers(1, 14), st.sampled_from(["503", "reset", "half", "lost"]), max_size=9
    )
)
def test_any_run_of_breaks_gives_the_file_or_an_error_never_another_file(
    server: Any, file: Path, quick: RetryPolicy, faults: dict[int, str]
) -> None:
    storage = Storage(server)
    storage.faults = faults
    try:
        upload(storage, file, quick)
    except Unreachable:
        assert storage.total in (None, file.stat().st_size)
    else:
        assert storage.data == file.read_bytes()


def test_an_upload_that_was_killed_goes_on_where_it_was(
    storage: Storage, file: Path, quick: RetryPolicy
) -> None:
    storage.data = file.read_bytes()[: 2 * UNIT]
    told: list[int] = []
    upload(storage, file, quick, on_progress=told.append)
    assert told == [2 * UNIT, UNIT, 12_345]
    assert storage.data == file.read_bytes()
    assert storage.received == file.stat().st_size - 2 * UNIT


def test_a_finished_upload_is_seen_at_the_first_question(
    storage: Storage, file: Path, quick: RetryPolicy
) -> None:
    storage.data, storage.total = file.read_bytes(), file.stat().st_size
    assert upload(storage, file, quick).crc32c == crc(file.read_bytes())
    assert storage.calls == 1


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("place", [1, 3])
def test_a_session_that_has_ended_asks_for_another(
    storage: Storage, file: Path, quick: RetryPolicy, status: int, place: int
) -> None:
    storage.faults = {place: str(status)}
    with pytest.raises(UploadGone, match="ask for a new one") as caught:
        upload(storage, file, quick)
    assert storage.calls == place
    assert "secret-1" not in str(caught.value)


def test_a_session_that_is_refused_is_not_tried_again(
    storage: Storage, file: Path, quick: RetryPolicy
) -> None:
    storage.faults = {2: "403"}
    with pytest.raises(AuthRefused, match=r"cannot upload train\.jsonl"):
        upload(storage, file, quick)
    assert storage.calls == 2


def test_a_storage_that_takes_nothing_is_given_up(
    storage: Storage, file: Path, quick: RetryPolicy
) -> None:
    storage.taken = 0
    with pytest.raises(Unreachable, match="takes no more bytes"):
        upload(storage, file, quick)
    assert storage.calls == 5


def test_a_storage_that_is_down_is_given_up(
    storage: Storage, file: Path, quick: RetryPolicy
) -> None:
    storage.faults = dict.fromkeys(range(1, 50), "503")
    with pytest.raises(Unreachable, match="answered 503"):
        upload(storage, file, quick)
    assert storage.calls == quick.attempts


def test_an_object_that_is_not_the_file_is_found_out(
    server: Any, file: Path, quick: RetryPolicy
) -> None:
    url = f"{server.url}/upload/o?upload_id=x"
    size = str(file.stat().st_size)
    for told, words in (({"size": size, "crc32c": "AAAAAA=="}, "crc32c"), ({"size": 5}, "bytes 5")):
        server.on(PUT, server.raw(b"", 308), server.json({"name": "o", **told}))
        with pytest.raises(IntegrityError, match=words):
            upload_file(url, file, retry=quick)


@pytest.mark.parametrize("status", [400, 412])
def test_bytes_that_arrived_changed_are_told_by_the_storage(
    server: Any, file: Path, quick: RetryPolicy, status: int
) -> None:
    words = b"Provided CRC32C does not match calculated"
    server.on(PUT, server.raw(b"", 308), server.raw(words, status, "text/plain"))
    with pytest.raises(IntegrityError, match="arrived changed"):
        upload_file(f"{server.url}/upload/o?upload_id=x", file, retry=quick)


def test_a_file_that_changes_meanwhile_is_found_out(
    storage: Storage, file: Path, quick: RetryPolicy
) -> None:
    def change(more: int) -> None:
        assert more
        os.utime(file, ns=(1, 1))

    with pytest.raises(IntegrityError, match="changed while it was uploaded"):
        upload(storage, file, quick, on_progress=change)


def test_digests_of_another_file_are_found_out(
    storage: Storage, file: Path, quick: RetryPolicy
) -> None:
    digests = FileDigests.of_file(file)
    file.write_bytes(file.read_bytes() + b"\n")
    with pytest.raises(IntegrityError, match="not what its digests say"):
        upload(storage, file, quick, digests=digests)
    assert storage.calls == 0


def test_known_digests_are_taken(storage: Storage, file: Path, quick: RetryPolicy) -> None:
    upload(storage, file, quick, digests=FileDigests.of_file(file))
    assert storage.data == file.read_bytes()


@pytest.mark.parametrize("size", [0, 1, UNIT - 1, UNIT, UNIT + 1, 2 * UNIT])
@pytest.mark.parametrize("faults", [{}, {2: "lost"}, {1: "503"}])
def test_sizes_about_the_unit(
    storage: Storage, tmp_path: Path, quick: RetryPolicy, size: int, faults: dict[int, str]
) -> None:
    path = tmp_path / "small.jsonl"
    path.write_bytes(b"x" * size)
    storage.faults = faults
    assert upload(storage, path, quick).size == str(size)
    assert storage.data == path.read_bytes()


def test_a_redirect_with_308_is_not_taken_for_progress(
    server: Any, file: Path, quick: RetryPolicy
) -> None:
    server.on(PUT, server.raw(b"", 308, location=f"{server.url}/evil"))
    with pytest.raises(PermanentError, match="redirects are not followed"):
        upload_file(f"{server.url}/upload/o?upload_id=x", file, retry=quick)
    assert [seen.path for seen in server.seen] == ["/upload/o"]


def test_a_session_of_a_longer_file_is_refused(server: Any, file: Path, quick: RetryPolicy) -> None:
    server.on(PUT, server.raw(b"", 308, range="bytes=0-99999999"))
    with pytest.raises(IntegrityError, match="not this file's"):
        upload_file(f"{server.url}/upload/o?upload_id=x", file, retry=quick)


@given(stored=st.integers(1, 5_000_000), size=st.integers(1, 5_000_000))
def test_where_to_go_on_is_aligned_stored_and_leaves_something_to_send(
    stored: int, size: int
) -> None:
    answer = Answer(308, {"range": f"bytes=0-{min(stored, size) - 1}"}, b"")
    position = _position(answer, size)
    assert position % UNIT == 0
    assert position <= min(stored, size)
    assert position < size


@pytest.mark.parametrize("told", ["", "bytes=0-0", "nonsense", "bytes=5-9", "bytes=0-"])
def test_nothing_is_stored_unless_it_is_said(told: str) -> None:
    assert _position(Answer(308, {"range": told} if told else {}, b""), 10 * UNIT) == 0


def test_a_signed_url_takes_the_file_in_one_put(
    server: Any, file: Path, quick: RetryPolicy
) -> None:
    data = file.read_bytes()
    headers = {"x-goog-hash": f"crc32c={crc(data)},md5=eA==", "x-goog-generation": "9"}
    server.on(
        PUT,
        server.reset(),
        server.raw(b"<html>", 503),
        server.raw(b"", 200, **headers),
    )
    stored = upload_file(f"{server.url}/upload/o?X-Goog-Signature=s", file, retry=quick)
    assert (stored.name, stored.crc32c, stored.generation) == ("o", crc(data), "9")
    last = server.seen[-1]
    assert last.body == data
    assert last.headers["content-type"] == "application/jsonl"
    assert last.headers["content-length"] == str(len(data))
    assert not {"authorization", "transfer-encoding", "x-goog-hash"} & set(last.headers)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (403, b"<Code>SignatureDoesNotMatch</Code>", UploadGone),
        (400, b"<Code>ExpiredToken</Code>", UploadGone),
        (400, b"<Code>InvalidArgument</Code>", PermanentError),
        (307, b"", PermanentError),
    ],
)
def test_a_signed_url_that_is_refused(
    server: Any, file: Path, quick: RetryPolicy, status: int, body: bytes, kind: type[Exception]
) -> None:
    server.on(PUT, server.raw(body, status, location="/evil"))
    with pytest.raises(kind):
        upload_file(f"{server.url}/upload/o?X-Goog-Signature=s", file, retry=quick)
    assert len(server.seen) == 1


def test_an_object_from_a_signed_url_is_compared(
    server: Any, file: Path, quick: RetryPolicy
) -> None:
    server.on(PUT, server.raw(b"", 200, x_goog_hash="crc32c=AAAAAA=="))
    with pytest.raises(IntegrityError, match="crc32c"):
        upload_file(f"{server.url}/upload/o?sig=s", file, retry=quick)


def test_an_object_at_amazon_is_compared_by_its_md5(
    server: Any, file: Path, quick: RetryPolicy
) -> None:
    put, link = "PUT /b/o", f"{server.url}/b/o?X-Amz-Signature=s"
    wrong = '"' + "0" * 32 + '"'
    server.on(put, server.raw(b"", 200, etag=wrong))
    with pytest.raises(IntegrityError, match="md5 0000"):
        upload_file(link, file, retry=quick)
    server.on(put, server.raw(b"", 200, etag=wrong, x_amz_server_side_encryption="aws:kms"))
    assert upload_file(link, file, retry=quick).name == "o"
    server.on(put, server.raw(b"", 200, etag='"0123-2"'))
    assert upload_file(link, file, retry=quick).name == "o"


@pytest.mark.parametrize(
    "wrong",
    [
        lambda path: upload_file("http://storage.example/o?upload_id=1", path),
        lambda path: upload_file("https://storage.example/o?upload_id=1", path, chunk=1000),
        lambda path: upload_file("https://u:p@storage.example/o?upload_id=1", path),
    ],
)
def test_wrong_use_is_told_before_anything_is_sent(
    file: Path, wrong: Callable[[Path], object]
) -> None:
    with pytest.raises(UsageError):
        wrong(file)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match="cannot be read"):
        upload_file("https://storage.example/o?upload_id=1", tmp_path / "none")


def test_an_upload_that_stalls_is_asked_for_again(
    storage: Storage, file: Path, quick: RetryPolicy
) -> None:
    storage.server.on(PUT, storage.put, storage.server.trickle(b"HTTP/1.1 3", b""), storage.put)
    upload(storage, file, quick, limits=Limits(whole=0.3))
    assert storage.data == file.read_bytes()
