"""What each fault does, seen from a plain HTTP client."""

import threading
import time
from typing import Any

import httpx2
import pytest

from pipeline.errors import UsageError
from pipeline.studio.faults import Seen

UNIT = 256 << 10


def runs(account: Any, session: str, **params: Any) -> Any:
    return account.get(f"/training/{session}/runs", **params)


def ids_of(answer: httpx2.Response) -> list[str]:
    assert answer.status_code == 200
    return [row["id"] for row in answer.json()]


def test_faults_come_in_order_and_then_the_studio_is_as_ever(account: Any) -> None:
    session = account.session(5)
    with account.studio.faults({"runs.list": ["503", "slow:0.2", "404"]}) as plan:
        assert not plan.exhausted
        account.refused(runs(account, session), 503)
        assert plan.left == {"runs.list": ("slow:0.2", "404")}
        started = time.monotonic()
        assert ids_of(runs(account, session)) == account.ids[:5]
        assert time.monotonic() - started >= 0.2
        account.ok(account.get(f"/training/{session}"))
        account.refused(runs(account, session), 404)
        assert plan.exhausted
        assert ids_of(runs(account, session)) == account.ids[:5]
    path = f"/api/v1/training/{session}/runs"
    assert plan.seen == (
        Seen("runs.list", "GET", path, "503"),
        Seen("runs.list", "GET", path, "slow:0.2"),
        Seen("training.get", "GET", f"/api/v1/training/{session}", None),
        Seen("runs.list", "GET", path, "404"),
        Seen("runs.list", "GET", path, None),
    )
    assert len(plan.calls("runs.list")) == 4


def test_a_plan_ends_with_its_block_and_two_do_not_run_at_once(account: Any) -> None:
    with account.studio.faults({"environments.list": ["503"]}) as plan:
        with pytest.raises(UsageError, match="a plan is running already"):
            account.studio.faults({}).__enter__()
        assert plan.left
    account.ok(account.get("/environments"))
    assert not plan.exhausted
    assert plan.seen == ()


def test_each_fault_is_met_once_however_many_ask(account: Any) -> None:
    answers: list[int] = []

    def ask() -> None:
        answers.extend(account.get("/environments").status_code for _ in range(10))

    with account.studio.faults({"environments.list": ["503"] * 25}) as plan:
        threads = [threading.Thread(target=ask) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert plan.exhausted
    assert sorted(answers) == [200] * 35 + [503] * 25


@pytest.mark.parametrize(
    ("word", "status", "headers"),
    [
        ("503:after:2", 503, {"retry-after": "2"}),
        ("502:html", 502, {"content-type": "text/html"}),
        (
            "429:pacing:30",
            429,
            {"x-ratelimit-reason": "pacing", "x-ratelimit-retry-ms": "30"},
        ),
        ("429:pacing", 429, {"x-ratelimit-retry-ms": "200"}),
        ("429:quota", 429, {"x-ratelimit-reason": "quota"}),
        ("redirect", 307, {"location": "/elsewhere"}),
        ("599", 599, {"content-type": "application/json"}),
    ],
)
def test_an_answer_without_a_handler(
    account: Any, word: str, status: int, headers: dict[str, str]
) -> None:
    with account.studio.faults({"training.create": [word]}):
        body = {"name": "n", "env": account.env, "model": "test-chat-1"}
        answer = account.post("/training", body)
    assert answer.status_code == status
    assert headers.items() <= dict(answer.headers).items()
    assert account.ok(account.get("/training")) == []


@pytest.mark.parametrize(("word", "made"), [("reset", 0), ("lost", 1), ("cut:5", 1)])
def test_a_broken_connection_before_or_after_the_deed(account: Any, word: str, made: int) -> None:
    body = {"name": "n", "env": account.env, "model": "test-chat-1"}
    with (
        account.studio.faults({"training.create": [word]}) as plan,
        pytest.raises((httpx2.ReadError, httpx2.RemoteProtocolError)),
    ):
        account.post("/training", body)
    assert plan.exhausted
    assert len(account.ok(account.get("/training"))) == made


def test_a_cut_answer_comes_as_far_as_was_said(account: Any) -> None:
    kept = bytearray()

    def read() -> None:
        headers = {"Authorization": f"Bearer {account.token}"}
        with account.http.stream("GET", "/api/v1/environments", headers=headers) as answer:
            for part in answer.iter_raw():
                kept.extend(part)

    with (
        account.studio.faults({"environments.list": ["cut:12"]}),
        pytest.raises(httpx2.RemoteProtocolError),
    ):
        read()
    assert kept == b'[{"id":"' + account.env.encode()[:4]


def test_garbage_and_a_bomb_say_that_they_are_json(account: Any) -> None:
    with account.studio.faults({"environments.list": ["garbage", "gzip-bomb:3"]}):
        garbage, bomb = account.get("/environments"), account.get("/environments")
    for answer in (garbage, bomb):
        assert answer.headers["content-type"].startswith("application/json")
    assert b"no JSON" in garbage.content
    assert int(bomb.headers["content-length"]) < 20_000
    assert bomb.content == b" " * (3 << 20)


@pytest.mark.parametrize(
    ("word", "offset", "expected"),
    [
        ("shift", 4, slice(5, 9)),
        ("shift:3", 4, slice(7, 11)),
        ("shift:-1", 4, slice(3, 7)),
        ("shift:-9", 4, slice(0, 4)),
        ("repeat", 4, slice(0, 4)),
        ("ok", 4, slice(4, 8)),
    ],
)
def test_pages_that_are_others(account: Any, word: str, offset: int, expected: slice) -> None:
    session = account.session(12)
    with account.studio.faults({"runs.list": [word]}):
        shown = ids_of(runs(account, session, limit=4, offset=offset))
    assert shown == account.ids[expected]


def found(account: Any, ids: list[str]) -> list[str]:
    answer = account.post("/runs/find", {"query": {"_id": {"$in": ids}}})
    return ids_of(answer)


def test_runs_that_vanish_after_the_page_that_showed_them(account: Any) -> None:
    session = account.session(6)
    with account.studio.faults({"runs.list": ["vanish:2"]}):
        assert ids_of(runs(account, session)) == account.ids[:6]
        assert found(account, account.ids[:6]) == account.ids[2:6]
        account.refused(account.get(f"/runs/{account.ids[0]}"), 404)
        account.ok(account.get(f"/runs/{account.ids[2]}"))
    assert found(account, account.ids[:6]) == account.ids[:6]


def test_runs_that_vanish_when_they_are_fetched(account: Any) -> None:
    with account.studio.faults({"runs.find": ["vanish"], "runs.get": ["vanish"]}):
        assert found(account, account.ids[:3]) == account.ids[1:3]
        account.refused(account.get(f"/runs/{account.ids[1]}"), 404)
        assert found(account, account.ids[:3]) == account.ids[2:3]


def test_a_token_that_ends_before_it_says(account: Any) -> None:
    with account.studio.faults({"token.issue": ["expire:2"]}) as plan:
        account.sign_in()
        codes = [account.get("/environments").status_code for _ in range(4)]
        assert codes == [200, 200, 401, 401]
        account.sign_in()
        account.ok(account.get("/environments"))
    assert [one.fault for one in plan.calls("environments.list")] == [
        None, None, "expire", "expire", None,
    ]  # fmt: skip


def resumable(account: Any, session: str) -> str:
    answer = account.get(f"/training/{session}/upload-url", resumable="true")
    return str(account.ok(answer)["url"])


def stored(account: Any, url: str, size: int) -> httpx2.Response:
    answer = account.http.put(url, headers={"Content-Range": f"bytes */{size}"})
    assert isinstance(answer, httpx2.Response)
    return answer


def test_half_of_a_chunk_is_kept(account: Any) -> None:
    url, data = resumable(account, account.session()), bytes(4 * UNIT)
    with (
        account.studio.faults({"upload.chunk": ["half"]}),
        pytest.raises((httpx2.ReadError, httpx2.WriteError, httpx2.RemoteProtocolError)),
    ):
        account.http.put(url, content=data)
    answer = stored(account, url, len(data))
    assert (answer.status_code, answer.headers["range"]) == (308, f"bytes=0-{2 * UNIT - 1}")


@pytest.mark.parametrize(("size", "kept"), [(5 * UNIT, 2 * UNIT), (UNIT, 0)])
def test_a_part_of_a_chunk_is_kept_and_told(account: Any, size: int, kept: int) -> None:
    url = resumable(account, account.session())
    span = {"Content-Range": f"bytes 0-{size - 1}/{size}", "x-goog-hash": "crc32c=AAAAAA=="}
    with account.studio.faults({"upload.chunk": ["partial"]}):
        answer = account.http.put(url, content=bytes(size), headers=span)
    told = answer.headers.get("range")
    assert (answer.status_code, told) == (308, f"bytes=0-{kept - 1}" if kept else None)


def test_bytes_that_change_on_their_way(account: Any) -> None:
    session = account.session()
    data = account.good_dataset()
    url = resumable(account, session)
    with account.studio.faults({"upload.chunk": ["corrupt"], "objects.get": ["corrupt"]}):
        name = account.ok(account.http.put(url, content=data))["name"]
        account.ok(account.post(f"/training/{session}/dataset", {"dataset": name}))
        link = account.ok(account.get(f"/training/{session}/url"))["url"]
        assert account.http.get(link).content == data
    assert account.http.get(link).content == bytes([data[0] ^ 1]) + data[1:]


def test_a_checksum_that_is_another(account: Any) -> None:
    session = account.session()
    data = account.good_dataset()
    url = resumable(account, session)
    with account.studio.faults({"upload.chunk": ["checksum"], "objects.get": ["checksum"]}):
        told = account.ok(account.http.put(url, content=data))
        account.ok(account.post(f"/training/{session}/dataset", {"dataset": told["name"]}))
        link = account.ok(account.get(f"/training/{session}/url"))["url"]
        answer = account.http.get(link)
    assert told["crc32c"] == "AAAAAA=="
    assert "crc32c=AAAAAA==" in answer.headers["x-goog-hash"]
    assert "md5=" in answer.headers["x-goog-hash"]
    assert answer.content == data
