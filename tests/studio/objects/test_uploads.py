"""Uploads and downloads: Cloud Storage's resumable protocol, single PUTs, signed links."""

import asyncio
import os
import socket
import threading
import time
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import md5
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import google_crc32c
import httpx2
import pytest
from sqlalchemy import text

from pipeline.client import download, upload_file
from pipeline.studio import EmbeddedStudio
from pipeline.studio.objects import Transfers

CHUNK = 256 << 10
DATA = bytes(range(256)) * (CHUNK // 256) * 2 + b"the rest\n"


def crc(data: bytes) -> str:
    return b64encode(google_crc32c.Checksum(data).digest()).decode()


def resumable(account: Any, session: str | None = None) -> str:
    path = f"/training/{session or account.session()}/upload-url"
    return str(account.ok(account.get(path, resumable="true"))["url"])


def put(account: Any, url: str, place: str, data: bytes = b"", **headers: str) -> Any:
    words = {"Content-Range": f"bytes {place}", **headers}
    return account.http.put(url, content=data, headers=words)


def send(account: Any, url: str, first: int, end: int, data: bytes = DATA) -> Any:
    return put(account, url, f"{first}-{end - 1}/{len(data)}", data[first:end])


def parts(account: Any) -> list[Path]:
    return list((account.studio.studio.data_dir / "parts").iterdir())


@pytest.fixture
def url(account: Any) -> str:
    return resumable(account)


def test_chunks_are_acknowledged_and_the_last_answers_the_object(account: Any, url: str) -> None:
    for end in (CHUNK, 2 * CHUNK):
        answer = send(account, url, end - CHUNK, end)
        assert (answer.status_code, answer.headers["range"]) == (308, f"bytes=0-{end - 1}")
    done = account.ok(send(account, url, 2 * CHUNK, len(DATA)))
    assert done["size"] == str(len(DATA))
    assert done["crc32c"] == crc(DATA)
    assert done["md5Hash"] == b64encode(md5(DATA).digest()).decode()
    assert done["generation"]
    stored = account.studio.studio.store.path(done["name"])
    assert stored.read_bytes() == DATA


def test_a_status_query_on_a_fresh_session_has_no_range(account: Any, url: str) -> None:
    for place in (f"*/{len(DATA)}", "*/*"):
        answer = put(account, url, place)
        assert answer.status_code == 308
        assert "range" not in answer.headers


def test_a_status_query_says_what_is_stored(account: Any, url: str) -> None:
    send(account, url, 0, CHUNK)
    answer = put(account, url, f"*/{len(DATA)}")
    assert (answer.status_code, answer.headers["range"]) == (308, f"bytes=0-{CHUNK - 1}")


def test_a_finished_session_answers_its_object_for_ever(account: Any, url: str) -> None:
    done = account.ok(put(account, url, "0-3/4", b"data"))
    assert account.ok(put(account, url, "*/4")) == done
    assert account.ok(put(account, url, "*/*")) == done
    assert account.ok(put(account, url, "0-3/4", b"else")) == done
    assert account.ok(account.http.delete(url)) == done


def test_of_an_unaligned_chunk_only_the_aligned_part_is_stored(account: Any, url: str) -> None:
    answer = send(account, url, 0, CHUNK + 100)
    assert (answer.status_code, answer.headers["range"]) == (308, f"bytes=0-{CHUNK - 1}")
    done = account.ok(send(account, url, CHUNK, len(DATA)))
    assert done["crc32c"] == crc(DATA)


def test_bytes_that_are_stored_are_ignored_when_they_come_again(account: Any, url: str) -> None:
    send(account, url, 0, 2 * CHUNK)
    answer = put(account, url, f"0-{CHUNK - 1}/{len(DATA)}", b"x" * CHUNK)
    assert (answer.status_code, answer.headers["range"]) == (308, f"bytes=0-{2 * CHUNK - 1}")
    done = account.ok(send(account, url, CHUNK, len(DATA)))
    assert done["crc32c"] == crc(DATA)


def test_a_gap_is_refused_and_nothing_is_stored_of_it(account: Any, url: str) -> None:
    account.refused(send(account, url, CHUNK, 2 * CHUNK), 400)
    assert "range" not in put(account, url, "*/*").headers


@pytest.mark.parametrize("kind", ["crc32c", "md5"])
def test_a_wrong_hash_is_refused_and_there_is_no_object(account: Any, url: str, kind: str) -> None:
    wrong = {"x-goog-hash": f"{kind}=AAAAAA=="}
    message = account.refused(put(account, url, "0-3/4", b"data", **wrong), 400)
    assert kind in message
    assert "range" not in put(account, url, "*/4").headers
    right = {"x-goog-hash": f"crc32c={crc(b'data')}"}
    assert account.ok(put(account, url, "0-3/4", b"data", **right))["size"] == "4"


def test_each_of_two_hash_headers_counts(account: Any, url: str) -> None:
    headers = [
        ("Content-Range", "bytes 0-3/4"),
        ("x-goog-hash", "crc32c=AAAAAA=="),
        ("x-goog-hash", f"md5={b64encode(md5(b'data').digest()).decode()}"),
    ]
    account.refused(account.http.put(url, content=b"data", headers=headers), 400)


def test_another_total_than_was_announced_is_refused(account: Any, url: str) -> None:
    send(account, url, 0, CHUNK)
    place = f"{CHUNK}-{CHUNK + 3}/{CHUNK + 4}"
    account.refused(put(account, url, place, b"data"), 400)
    account.refused(put(account, url, f"*/{CHUNK + 4}"), 400)
    assert account.ok(send(account, url, CHUNK, len(DATA)))["crc32c"] == crc(DATA)


@pytest.mark.parametrize(
    ("place", "data"),
    [
        ("0-9/20", b"1234"),
        ("0-3/20", b"1234567890"),
        ("0-9/10", b"1234"),
        ("0-9/5", b"1234567890"),
        ("9-0/20", b"1234"),
        ("0-3", b"1234"),
        ("x-y/z", b"1234"),
        ("-1-3/4", b"1234"),
    ],
)
def test_a_range_that_is_not_the_bodys_is_refused(
    account: Any, url: str, place: str, data: bytes
) -> None:
    account.refused(put(account, url, place, data), 400)
    assert "range" not in put(account, url, "*/*").headers
    assert account.ok(put(account, resumable(account), "0-3/4", b"data"))["size"] == "4"


@pytest.mark.parametrize(
    ("total", "status"), [(str((50 << 30) + 1), 413), (str(2**63), 400), ("9" * 5000, 400)]
)
def test_a_total_that_no_object_has_is_refused(
    account: Any, url: str, total: str, status: int
) -> None:
    account.refused(put(account, url, f"0-3/{total}", b"data"), status)
    assert "range" not in put(account, url, "*/*").headers


def test_a_total_may_be_said_at_the_end(account: Any, url: str) -> None:
    assert put(account, url, f"0-{CHUNK - 1}/*", DATA[:CHUNK]).status_code == 308
    done = account.ok(put(account, url, f"*/{CHUNK}"))
    assert done["crc32c"] == crc(DATA[:CHUNK])


def test_the_whole_body_without_a_range_is_the_object(account: Any, url: str) -> None:
    assert account.ok(account.http.put(url, content=b"data"))["crc32c"] == crc(b"data")
    in_pieces = account.http.put(resumable(account), content=iter([b"da", b"ta"]))
    assert account.ok(in_pieces)["crc32c"] == crc(b"data")


def test_a_whole_body_shorter_than_what_is_stored_is_refused(account: Any, url: str) -> None:
    put(account, url, f"0-{CHUNK - 1}/*", DATA[:CHUNK])
    account.refused(account.http.put(url, content=b"data"), 400)
    account.refused(account.http.put(url, content=iter([b"data"])), 400)


def test_zero_bytes_are_an_object(account: Any, url: str) -> None:
    assert account.ok(put(account, url, "*/0"))["size"] == "0"
    assert account.ok(account.http.put(resumable(account), content=b""))["size"] == "0"
    single = account.ok(account.get(f"/training/{account.session()}/upload-url"))["url"]
    done = account.ok(account.http.put(single, content=b""))
    assert done["crc32c"] == crc(b"")
    link = account.studio.studio.links.signed(done["name"], "GET")
    assert account.http.get(link).content == b""


def test_a_cancelled_session_is_499_and_gone(account: Any, url: str) -> None:
    send(account, url, 0, CHUNK)
    assert account.http.delete(url).status_code == 499
    account.refused(put(account, url, "*/*"), 410)
    account.refused(send(account, url, CHUNK, len(DATA)), 410)
    account.refused(account.http.delete(url), 410)


def test_an_unknown_session_is_404(account: Any, url: str) -> None:
    for wrong in (url[:-1], url + "x", url.partition("&")[0], url + "%00"):
        account.refused(put(account, wrong, "*/*"), 404)
    account.refused(account.http.post(url), 405)


def test_a_session_older_than_a_week_is_404(account: Any, url: str) -> None:
    with account.studio.studio.database.write() as connection:
        ident = url.partition("upload_id=")[2]
        query = text("UPDATE uploads SET expires_at = 1 WHERE id = :ident")
        connection.execute(query, {"ident": ident})
    account.refused(put(account, url, "*/*"), 404)


def test_two_uploaders_of_one_session_make_one_whole_object(account: Any, url: str) -> None:
    def upload(_: int) -> dict[str, Any]:
        for first, end in pairwise((0, CHUNK, 2 * CHUNK, len(DATA))):
            answer = send(account, url, first, end)
        return dict(account.ok(answer))

    with ThreadPoolExecutor(12) as pool:
        done = list(pool.map(upload, range(24)))
    assert all(one == done[0] for one in done)
    assert done[0]["crc32c"] == crc(DATA)


def half_sent(url: str, data: bytes, length: int) -> socket.socket:
    """A PUT whose body has not all come yet."""
    parsed = urlsplit(url)
    connection = socket.create_connection((parsed.hostname, parsed.port))
    head = (
        f"PUT {parsed.path}?{parsed.query} HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n"
        f"Content-Range: bytes 0-{length - 1}/{length}\r\n\r\n"
    )
    connection.sendall(head.encode() + data)
    return connection


def test_a_broken_connection_keeps_whole_chunks(account: Any, url: str) -> None:
    with half_sent(url, DATA[: CHUNK + 1000], len(DATA)):
        time.sleep(0.2)
    answer = put(account, url, f"*/{len(DATA)}")
    assert answer.headers["range"] == f"bytes=0-{CHUNK - 1}"
    assert account.ok(send(account, url, CHUNK, len(DATA)))["crc32c"] == crc(DATA)


def test_waiting_requests_do_not_starve_the_one_that_sends(account: Any, url: str) -> None:
    slow = half_sent(url, DATA[:CHUNK], len(DATA))
    time.sleep(0.1)
    with ThreadPoolExecutor(50) as pool:
        waiting = [pool.submit(put, account, url, "*/*") for _ in range(50)]
        time.sleep(0.2)
        assert account.ok(put(account, resumable(account), "0-3/4", b"data"))["size"] == "4"
        slow.sendall(DATA[CHUNK:])
        assert b" 200 " in slow.recv(65536)
        assert {one.result().json()["crc32c"] for one in waiting} == {crc(DATA)}
    slow.close()


def test_a_sender_that_is_silent_loses_its_turn(account: Any, url: str) -> None:
    sent: list[dict[str, Any]] = []
    studio = account.studio.studio
    scope = {
        "method": "PUT",
        "query_string": url.partition("?")[2].encode(),
        "headers": [(b"content-range", b"bytes 0-3/4"), (b"content-length", b"4")],
    }

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(Transfers(studio.store, studio.links, silence=0.05).resumable(scope, receive, send))
    assert sent[0]["status"] == 408


def test_the_client_uploads_and_downloads_every_size(account: Any, tmp_path: Path) -> None:
    session = account.session()
    for size in (0, 1, CHUNK - 1, CHUNK, CHUNK + 1, len(DATA)):
        source, target = tmp_path / "source.jsonl", tmp_path / f"target-{size}.jsonl"
        source.write_bytes(DATA[:size])
        for flag in ("true", "false"):
            path = f"/training/{session}/upload-url"
            link = account.ok(account.get(path, resumable=flag))["url"]
            stored = upload_file(link, source, chunk=CHUNK)
        account.ok(account.post(f"/training/{session}/dataset", {"dataset": stored.name}))
        download(account.ok(account.get(f"/training/{session}/url"))["url"], target)
        assert target.read_bytes() == DATA[:size]


def single(account: Any) -> str:
    return str(account.ok(account.get(f"/training/{account.session()}/upload-url"))["url"])


def test_a_single_put_is_the_whole_object(account: Any) -> None:
    url = single(account)
    assert "upload_id" not in url
    account.refused(account.http.put(url, content=b"x", headers={"x-goog-hash": "md5=A"}), 400)
    assert account.ok(account.http.put(url, content=DATA))["crc32c"] == crc(DATA)
    account.refused(account.http.put(url, content=b"another"), 412)


def test_the_link_of_a_single_put_holds_no_upload_id(account: Any) -> None:
    link = single(account)
    store = account.studio.studio.store
    upload = store.rows.upload_of(urlsplit(link).path.rpartition("/")[2])
    assert upload is not None
    assert upload.id not in link


def test_bytes_that_are_written_in_parts_are_all_written(
    account: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda file, data, at: whole(file, data[:1000], at))
    assert account.ok(send(account, url, 0, len(DATA)))["crc32c"] == crc(DATA)


def test_an_upload_is_streamed_to_the_disk(account: Any, url: str) -> None:
    length = 64 << 20
    connection = half_sent(url, b"", length)
    block = b"x" * (1 << 20)
    for _ in range(16):
        connection.sendall(block)
    time.sleep(0.2)
    sizes = [part.stat().st_size for part in parts(account)]
    assert max(sizes) > 8 << 20
    connection.close()


def test_an_object_whose_row_was_lost_in_a_crash_is_whole(account: Any, url: str) -> None:
    store = account.studio.studio.store
    send(account, url, 0, 2 * CHUNK)
    upload = store.rows.upload(url.partition("upload_id=")[2])
    (account.studio.studio.data_dir / "parts" / upload.object).rename(store.path(upload.object))
    done = account.ok(put(account, url, "*/*"))
    assert done["crc32c"] == crc(DATA[: 2 * CHUNK])
    assert threading.active_count() < 100


def test_what_a_crash_left_half_done_is_completed_at_the_start(
    tmp_path: Path, new_account: Callable[..., Any]
) -> None:
    folder = tmp_path / "own"
    with EmbeddedStudio(folder) as first, httpx2.Client(base_url=first.url) as http:
        account = new_account(where=first, client=http)
        session = account.session()
        kept, lost, old = (resumable(account, session) for _ in range(3))
        for url in (kept, lost, old):
            send(account, url, 0, CHUNK)
        store = first.studio.store
        names = [store.rows.upload(url.partition("upload_id=")[2]).object for url in (lost, old)]
        (folder / "parts" / names[0]).rename(store.path(names[0]))
        with first.studio.database.write() as connection:
            words = text("UPDATE uploads SET expires_at = 1 WHERE object = :name")
            connection.execute(words, {"name": names[1]})
        (folder / "parts" / "no-upload.jsonl").write_bytes(b"x")
    with EmbeddedStudio(folder) as second:
        store = second.studio.store
        assert store.rows.belongs(names[0], session)
        assert store.rows.find(names[0]).crc32c == crc(DATA[:CHUNK])
        assert store.rows.upload_of(names[1]).state == "gone"
        kept_part = store.rows.upload(kept.partition("upload_id=")[2]).object
        assert [part.name for part in (folder / "parts").iterdir()] == [kept_part]
        assert store.quota.used == 2 * CHUNK


def test_trouble_of_the_disk_is_a_json_500_without_a_path(account: Any, url: str) -> None:
    upload = account.studio.studio.store.rows.upload(url.partition("upload_id=")[2])
    part = account.studio.studio.data_dir / "parts" / upload.object
    part.symlink_to("no-such-folder/file")
    message = account.refused(put(account, url, "0-3/4", b"data"), 500)
    assert "folder" not in message
    part.unlink()
    assert account.ok(put(account, url, "0-3/4", b"data"))["size"] == "4"
