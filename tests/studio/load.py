"""A load of adds, uploads, builds, datasets set and starts, and what was acknowledged of it."""

import json
import random
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

CHUNK = 256 << 10
LINE = json.dumps({"messages": [{"role": "assistant", "content": "x"}]}).encode() + b"\n"
_LAST = 60
SESSION = {"name": "n", "env": "e1", "model": "m"}


@dataclass
class Added:
    """What was added to a session: each batch, and whether that was acknowledged."""

    session: str
    batches: list[tuple[list[str], list[bool]]] = field(default_factory=list)


@dataclass
class Uploaded:
    """A resumable upload: how many bytes were acknowledged, and the finished object."""

    url: str
    data: bytes
    stored: int = 0
    finished: dict[str, Any] | None = None


@dataclass
class Trained:
    """A session on its way to a job; None is what was not acknowledged."""

    session: str
    data: bytes = b""
    dataset: str | None = None
    asked: bool = False
    job: str | None = None
    cancelling: bool = False
    cancelled: bool = False


@dataclass
class Built:
    """A session that was built."""

    session: str
    dataset: str | None = None


@dataclass
class Load:
    """Calls a server until it dies or is told to stop, and knows what it has said."""

    http: httpx2.Client
    key: str
    runs: list[str]
    url: str = ""
    token: str = ""
    statuses: Counter[int] = field(default_factory=Counter)
    added: list[Added] = field(default_factory=list)
    uploads: list[Uploaded] = field(default_factory=list)
    trained: list[Trained] = field(default_factory=list)
    built: list[Built] = field(default_factory=list)
    acknowledged: int = 0
    over: threading.Event = field(default_factory=threading.Event)
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def sign_in(self) -> None:
        headers = {"Authorization": f"Bearer {self.key}"}
        answer = self.http.post(f"{self.url}/token/issue", headers=headers)
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["token"]

    def call(self, method: str, path: str, **options: Any) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.url}/api/v1{path}"
        return self.seen(self.http.request(method, url, headers=headers, **options))

    def seen(self, answer: httpx2.Response) -> httpx2.Response:
        """The answer, counted: a 500 is never right, and a 503 says when to come again."""
        self.statuses[answer.status_code] += 1
        self.acknowledged += answer.is_success
        assert answer.status_code != 500, answer.text
        assert answer.status_code != 503 or int(answer.headers["retry-after"]) >= 1
        return answer

    @contextmanager
    def running(self) -> Iterator[None]:
        """All kinds of work at once, until the block ends and the server is dead or free."""
        self.over.clear()
        broken: list[BaseException] = []
        works = [self.add, self.add, self.upload, self.train, self.train, self.build]
        threads = [threading.Thread(target=self._work, args=(one, broken)) for one in works]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.over.set()
            for thread in threads:
                thread.join(60)
        assert not [thread for thread in threads if thread.is_alive()]
        if broken:
            raise broken[0]

    def _work(self, work: Callable[[], None], broken: list[BaseException]) -> None:
        while not self.over.is_set():
            try:
                work()
            except httpx2.HTTPError:
                time.sleep(0.02)
            except _Later:
                time.sleep(0.05)
            except BaseException as error:  # noqa: BLE001 (told by `running`)
                broken.append(error)
                return

    def good(self, answer: httpx2.Response) -> Any:
        """The JSON of a good answer; what is told to come later ends this piece of work."""
        if answer.status_code == 503:
            raise _Later
        assert answer.status_code == 200, answer.text
        return answer.json()

    def create(self) -> str:
        return str(self.good(self.call("POST", "/training", json=SESSION))["id"])

    def add(self) -> None:
        record = Added(self.create())
        self.added.append(record)
        while not self.over.is_set():
            batch = self.chance.sample(self.runs, self.chance.randint(1, 9))
            acknowledged = [False]
            record.batches.append((batch, acknowledged))
            path = f"/training/{record.session}/add"
            self.good(self.call("POST", path, json={"runs": batch}))
            acknowledged[0] = True

    def upload(self) -> None:
        session = self.create()
        path = f"/training/{session}/upload-url?resumable=true"
        url = self.good(self.call("GET", path))["url"].removeprefix(self.url)
        record = Uploaded(url, secrets.token_bytes(64) * (CHUNK // 64) * 3)
        self.uploads.append(record)
        for first in range(0, len(record.data), CHUNK):
            end = first + CHUNK
            headers = {"Content-Range": f"bytes {first}-{end - 1}/{len(record.data)}"}
            content = record.data[first:end]
            answer = self.seen(self.http.put(self.url + url, content=content, headers=headers))
            if answer.status_code == 308:
                record.stored = int(answer.headers["range"].rpartition("-")[2]) + 1
            else:
                record.finished = self.good(answer)

    def train(self) -> None:
        record = Trained(self.create(), LINE * self.chance.randint(10, 99))
        self.trained.append(record)
        session = f"/training/{record.session}"
        url = self.good(self.call("GET", f"{session}/upload-url"))["url"]
        name = self.good(self.seen(self.http.put(url, content=record.data)))["name"]
        self.good(self.call("POST", f"{session}/dataset", json={"dataset": name}))
        record.dataset = name
        record.asked = True
        record.job = self.good(self.call("POST", f"{session}/start"))["id"]
        if self.chance.random() < 0.2:
            record.cancelling = True
            answer = self.call("POST", f"{session}/cancel")
            record.cancelled = answer.status_code == 200

    def build(self) -> None:
        record = Built(self.create())
        self.built.append(record)
        session = f"/training/{record.session}"
        self.good(self.call("POST", f"{session}/add", json={"runs": self.runs[:30]}))
        record.dataset = self.good(self.call("POST", f"{session}/build"))["dataset"]


class _Later(Exception):
    """The server is busy or its database is away."""


def reconcile(load: Load, *, whole: bool) -> None:
    """All that was acknowledged is true; what was not is there wholly or not at all.

    With `whole` of everything, and all jobs end; else of what was done last.
    """
    last = slice(0 if whole else -_LAST, None)
    for added in load.added[last]:
        _check_added(load, added)
    for uploaded in load.uploads[last]:
        _check_uploaded(load, uploaded)
    for built in load.built[last]:
        _check_built(load, built)
    for trained in load.trained[last]:
        _check_trained(load, trained)
    for trained in load.trained if whole else ():
        _check_job(load, trained)


def _object(url: str) -> str:
    return url.rpartition("/")[2]


def _check_built(load: Load, record: Built) -> None:
    """A build that broke with the database is freed within seconds."""
    ends = time.monotonic() + 15
    shown = load.good(load.call("GET", f"/training/{record.session}"))
    while shown["status"] == "building" and time.monotonic() < ends:
        time.sleep(0.1)
        shown = load.good(load.call("GET", f"/training/{record.session}"))
    assert shown["status"] != "building"
    if record.dataset is not None:
        assert _object(shown["dataset"]) == _object(record.dataset)


def _check_added(load: Load, record: Added) -> None:
    found = load.good(load.call("GET", f"/training/{record.session}"))["runs"]
    at, present = 0, set()
    for batch, (acknowledged,) in record.batches:
        fresh = [run for run in batch if run not in present]
        if found[at : at + len(fresh)] == fresh:
            present.update(fresh)
            at += len(fresh)
        else:
            assert not acknowledged, (record.session, batch)
    assert at == len(found), "there is more than was ever added"


def _check_uploaded(load: Load, record: Uploaded) -> None:
    headers = {"Content-Range": "bytes */*"}
    answer = load.seen(load.http.put(load.url + record.url, headers=headers))
    if record.finished is not None:
        assert answer.status_code == 200, answer.text
        assert answer.json() == record.finished
    assert answer.status_code in (200, 308), answer.text
    if answer.status_code == 308:
        stored = answer.headers.get("range", "bytes=0--1").rpartition("0-")[2]
        assert int(stored) + 1 >= record.stored


def _check_trained(load: Load, record: Trained) -> None:
    shown = load.good(load.call("GET", f"/training/{record.session}"))
    if record.dataset is not None:
        assert _object(shown["dataset"]) == record.dataset
        url = load.good(load.call("GET", f"/training/{record.session}/url"))["url"]
        assert load.http.get(url).content == record.data
    if record.job is not None:
        assert shown["job"]["id"] == record.job
    elif record.asked:
        record.job = shown["job"].get("id")


def _check_job(load: Load, record: Trained) -> None:
    """A start that was asked for and not answered is asked for again, as a client does."""
    if not record.asked:
        return
    if record.job is None:
        path = f"/training/{record.session}/start"
        record.job = load.good(load.call("POST", path))["id"]
    job = load.good(load.call("GET", f"/training/job/{record.job}?sync=true"))
    if record.cancelled:
        assert job["status"] == "cancelled"
    elif record.cancelling:
        assert job["status"] in ("cancelled", "completed")
    else:
        assert (job["status"], job["model"]) == ("completed", f"tuned:{record.job}")
