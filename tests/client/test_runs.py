import itertools
import json
import threading
import time
from typing import Any

import pytest

from pipeline.client import Limits, RetryPolicy, StudioClient
from pipeline.errors import AuthRefused, NotFound, PermanentError, Unreachable, UsageError

FIND = "POST /api/v1/runs/find"


def run_id(number: int) -> str:
    return f"{number:024x}"


def document(name: str, padding: int = 0) -> bytes:
    """With spaces, an escape and an odd number, to see that no byte is touched."""
    return b'{ "id":"%s",  "x": 1.50E+2, "t":"\\u00e9%s"}' % (name.encode(), b"." * padding)


class Shelf:
    """Runs behind `/runs/find` and `/runs/<id>`."""

    def __init__(self, server: Any, ids: list[str], padding: int = 0) -> None:
        self.server = server
        self.documents = {name: document(name, padding) for name in ids}
        self.hidden: set[str] = set()
        server.on(FIND, self.find)
        for name in ids:
            server.on(f"GET /api/v1/runs/{name}", self.get)

    def find(self, seen: Any) -> Any:
        body = json.loads(seen.body)
        asked = body["query"]["_id"]["$in"]
        assert body["limit"] == len(asked)
        found = [name for name in asked if name in self.documents and name not in self.hidden]
        rows = [self.documents[name] for name in reversed(found)]
        return self.server.raw(b"[" + b" ,\n".join(rows) + b"]", kind="application/json")

    def get(self, seen: Any) -> Any:
        name = seen.path.rsplit("/", 1)[-1]
        if name not in self.documents:
            return self.server.json({"message": "no such run"}, 404)
        return self.server.raw(self.documents[name], kind="application/json")


IDS = [run_id(number) for number in range(57)]


@pytest.fixture
def shelf(server: Any) -> Shelf:
    return Shelf(server, IDS)


def flat(batches: Any) -> list[tuple[str, bytes | None]]:
    return [row for batch in batches for row in batch]


def test_runs_come_in_order_and_byte_for_byte(
    server: Any, studio: StudioClient, shelf: Shelf
) -> None:
    assert len(shelf.documents) == len(IDS)
    batches = list(studio.runs.fetch(IDS, batch=10, workers=3))
    assert [len(batch) for batch in batches] == [10, 10, 10, 10, 10, 7]
    assert flat(batches) == [(name, document(name)) for name in IDS]
    assert len(server.seen) == 6


def test_a_run_that_vanished_is_none_and_one_that_hid_is_there(
    server: Any, studio: StudioClient, shelf: Shelf
) -> None:
    for name in IDS[3:6]:
        del shelf.documents[name]
    shelf.hidden = {IDS[7]}
    got = dict(flat(studio.runs.fetch(IDS, batch=10, workers=2)))
    assert [name for name in IDS if got[name] is None] == IDS[3:6]
    assert got[IDS[7]] == document(IDS[7])
    assert sorted(seen.path[-24:] for seen in server.seen if seen.method == "GET") == [
        *IDS[3:6],
        IDS[7],
    ]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 501])
def test_without_find_runs_are_read_one_by_one_and_find_is_left_alone(
    server: Any, studio: StudioClient, shelf: Shelf, status: int
) -> None:
    server.on(FIND, server.json({"message": "not here"}, status))
    del shelf.documents[IDS[0]]
    expected = [(IDS[0], None), *((name, document(name)) for name in IDS[1:])]
    assert flat(studio.runs.fetch(IDS, batch=10, workers=4)) == expected
    assert 1 <= len(server.calls(FIND)) <= 4
    asked = len(server.calls(FIND))
    assert flat(studio.runs.fetch(IDS[:20], batch=10)) == expected[:20]
    assert len(server.calls(FIND)) == asked


def test_without_find_many_are_read_at_a_time(server: Any, studio: StudioClient) -> None:
    together = threading.Barrier(4)

    def get(seen: Any) -> Any:
        together.wait(5)
        return server.raw(document(seen.path[-24:]), kind="application/json")

    server.on(FIND, server.json({}, 404))
    for name in IDS[:8]:
        server.on(f"GET /api/v1/runs/{name}", get)
    assert len(flat(studio.runs.fetch(IDS[:8], workers=4))) == 8


def test_read_one_by_one_the_order_is_kept_and_little_is_held(
    server: Any, studio: StudioClient
) -> None:
    ids = [run_id(number) for number in range(300)]
    lock, reading, most = threading.Lock(), 0, 0

    def get(seen: Any) -> Any:
        nonlocal reading, most
        with lock:
            reading += 1
            most = max(most, reading)
        time.sleep(0.03 + int(seen.path[-2:], 16) % 7 / 500)
        with lock:
            reading -= 1
        return server.raw(document(seen.path[-24:]), kind="application/json")

    server.on(FIND, server.json({}, 404))
    for name in ids:
        server.on(f"GET /api/v1/runs/{name}", get)
    batches = studio.runs.fetch(ids, batch=20, workers=3)
    taken = next(batches)
    time.sleep(0.5)
    asked = sum(seen.method == "GET" for seen in server.seen)
    assert asked <= 3 * 20, "no more than three batches are on their way or held"
    assert taken + flat(batches) == [(name, document(name)) for name in ids]
    assert 4 < most <= 16


def test_one_run_that_is_no_json_does_not_spoil_the_others(
    studio: StudioClient, shelf: Shelf
) -> None:
    shelf.documents[IDS[2]] = b'{"id": "%s", "x": NaN}' % IDS[2].encode()
    got = flat(studio.runs.fetch(IDS[:5]))
    assert got == [(name, shelf.documents[name]) for name in IDS[:5]]


def test_an_answer_too_large_is_asked_for_in_halves(server: Any, quick: RetryPolicy) -> None:
    shelf = Shelf(server, IDS[:16], padding=500)
    with StudioClient(server.url, token="t", limits=Limits(body=3000), retry=quick) as client:
        got = flat(client.runs.fetch(IDS[:16], batch=16, workers=1))
    assert got == [(name, shelf.documents[name]) for name in IDS[:16]]
    assert [len(json.loads(seen.body)["query"]["_id"]["$in"]) for seen in server.seen] == [
        16, 8, 4, 4, 8, 4, 4,
    ]  # fmt: skip


def test_one_run_too_large_is_told(server: Any, quick: RetryPolicy) -> None:
    Shelf(server, IDS[:2], padding=5000)
    with (
        StudioClient(server.url, token="t", limits=Limits(body=3000), retry=quick) as client,
        pytest.raises(PermanentError, match="more than 3,000 bytes"),
    ):
        flat(client.runs.fetch(IDS[:2]))


@pytest.mark.parametrize("status", [413, 500])
def test_a_batch_that_find_cannot_give_is_read_one_by_one(
    server: Any, studio: StudioClient, shelf: Shelf, status: int
) -> None:
    server.on(FIND, server.json({"message": "not these"}, status), shelf.find)
    got = flat(studio.runs.fetch(IDS[:20], batch=10, workers=1))
    assert got == [(name, document(name)) for name in IDS[:20]]
    assert len(server.calls(FIND)) == 2


def test_a_server_that_answers_other_runs_is_not_believed(
    server: Any, studio: StudioClient, shelf: Shelf
) -> None:
    other = [json.loads(shelf.documents[name]) for name in IDS[30:40]]
    server.on(FIND, server.json([*other, {"no": "id"}, {"id": 7}, None]))
    assert flat(studio.runs.fetch(IDS[:3])) == [(name, document(name)) for name in IDS[:3]]


def test_no_more_batches_are_fetched_than_are_taken(
    server: Any, studio: StudioClient, shelf: Shelf
) -> None:
    batches = studio.runs.fetch(list(shelf.documents), batch=5, workers=2)
    next(batches)
    next(batches)
    assert len(server.calls(FIND)) <= 3
    batches.close()  # type: ignore[attr-defined]


def test_the_same_id_twice_is_the_same_run_twice(studio: StudioClient, shelf: Shelf) -> None:
    twice = [IDS[0], IDS[1], IDS[0]]
    assert [name for name, _ in flat(studio.runs.fetch(twice, batch=3))] == twice
    assert list(itertools.chain(studio.runs.fetch([]))) == []
    assert shelf.documents


def test_a_server_that_goes_down_ends_the_pull(server: Any, studio: StudioClient) -> None:
    server.on(FIND, server.json({}, 503))
    with pytest.raises(Unreachable, match="read 10 runs at once"):
        flat(studio.runs.fetch(IDS, batch=10))


def test_a_key_without_the_right_to_read_is_told(server: Any, studio: StudioClient) -> None:
    server.on(FIND, server.json({}, 403))
    server.on(f"GET /api/v1/runs/{IDS[0]}", server.json({"message": "run:read"}, 403))
    with pytest.raises(AuthRefused, match="run:read"):
        flat(studio.runs.fetch(IDS[:1]))


def test_one_run_by_its_id(server: Any, studio: StudioClient, shelf: Shelf) -> None:
    assert studio.runs.get(IDS[1]) == document(IDS[1])
    assert studio.runs.find(IDS[:2]) == {name: document(name) for name in IDS[:2]}
    assert shelf.server is server
    with pytest.raises(NotFound):
        studio.runs.get("f" * 24)
    for word in ("", "..", "."):
        with pytest.raises(UsageError):
            studio.runs.get(word)
    server.on("GET /api/v1/runs/a%2F..%3Fb", server.raw(b"<html>sign in</html>"))
    with pytest.raises(PermanentError, match="is not the JSON"):
        studio.runs.get("a/..?b")
