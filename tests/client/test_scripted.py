"""The client against a real Studio that fails as it is told to.

What only a server can do that speaks no proper HTTP is in `test_faults.py`.
"""

import random
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pipeline.api.sessions import TrainingSession
from pipeline.client import Limits, StudioClient, UploadGone, download, remote_object, upload_file
from pipeline.errors import (
    AuthRefused,
    Conflict,
    IntegrityError,
    NotFound,
    PermanentError,
    RateLimited,
    TrainsetError,
    Unreachable,
)
from pipeline.manifest import FileDigests
from pipeline.testing import QUICK, LocalStudio

UNIT = 256 << 10
COUNT = 230


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStudio]:
    with LocalStudio(tmp_path_factory.mktemp("studio")) as running:
        yield running


@pytest.fixture(scope="module")
def filled(local: LocalStudio) -> TrainingSession:
    """A session with runs."""
    return local.session_of([{"id": f"{number:024x}", "n": number} for number in range(COUNT)])


@pytest.fixture
def empty(local: LocalStudio, filled: TrainingSession) -> TrainingSession:
    """A session of its own."""
    return local.client.training.create("empty", filled.env.id, filled.model)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "train.jsonl"
    path.write_bytes(random.Random(3).randbytes(4 * UNIT + 777))
    return path


@pytest.mark.parametrize(
    "words",
    [
        ["503", "502", "504"],
        ["500:html", "reset"],
        ["cut:40", "lost"],
        ["429:after:0", "503:after:0", "429"],
        ["429:pacing:2"] * 15,
        ["slow:0.2"],
        ["401"],
    ],
    ids=str,
)
def test_a_call_that_only_reads_survives(local: LocalStudio, words: list[str]) -> None:
    with local.faults({"environments.list": words}) as plan:
        assert [row.provider for row in local.client.environments.list()] == ["test"]
    assert plan.exhausted
    assert len(plan.calls("environments.list")) == len(words) + (words != ["slow:0.2"])


@pytest.mark.parametrize(
    ("word", "kind", "calls"),
    [
        ("400", PermanentError, 1),
        ("401", AuthRefused, 2),
        ("403", AuthRefused, 1),
        ("404", NotFound, 1),
        ("409", Conflict, 1),
        ("410", NotFound, 1),
        ("413", PermanentError, 1),
        ("429:quota", RateLimited, 1),
        ("429:pacing:1", RateLimited, 21),
        ("500", Unreachable, 1),
        ("503", Unreachable, 5),
        ("reset", Unreachable, 5),
        ("cut:3", Unreachable, 5),
        ("redirect", PermanentError, 1),
        ("garbage", PermanentError, 1),
        ("gzip-bomb:2", PermanentError, 1),
    ],
)
def test_a_fault_that_stays_becomes_its_exception(
    local: LocalStudio, word: str, kind: type[TrainsetError], calls: int
) -> None:
    with (
        local.faults({"environments.list": [word] * 30}) as plan,
        local.connect(limits=Limits(body=1 << 20)) as client,
        pytest.raises(kind, match=r"127\.0\.0\.1"),
    ):
        client.environments.list()
    assert len(plan.calls("environments.list")) == calls
    assert "/elsewhere" not in {one.path for one in plan.seen}


@pytest.mark.parametrize(
    ("word", "made"), [("503", 0), ("502:html", 0), ("reset", 0), ("lost", 1), ("cut:9", 1)]
)
def test_a_creation_is_sent_once_whatever_comes_back(
    local: LocalStudio, filled: TrainingSession, word: str, made: int
) -> None:
    name = f"made with {word}"
    with (
        local.faults({"training.create": [word]}) as plan,
        pytest.raises(Unreachable, match=f"cannot create training session '{name}'"),
    ):
        local.client.training.create(name, filled.env.id, filled.model)
    assert len(plan.calls("training.create")) == 1
    assert [one.name for one in local.client.training.list()].count(name) == made


def test_pacing_and_a_stale_token_let_a_creation_through_once(
    local: LocalStudio, filled: TrainingSession
) -> None:
    words = ["429:pacing:30", "401", "429:pacing:30", "429:pacing:30"]
    started = time.monotonic()
    with local.faults({"training.create": words}) as plan:
        local.client.training.create("paced", filled.env.id, filled.model)
    assert plan.exhausted
    assert time.monotonic() - started >= 0.09
    assert [one.name for one in local.client.training.list()].count("paced") == 1


def test_a_token_that_ends_in_the_middle_is_renewed_as_often_as_it_ends(
    local: LocalStudio, filled: TrainingSession
) -> None:
    with (
        local.faults({"token.issue": ["expire:2", "expire:1", "503", "expire:1"]}) as plan,
        local.connect() as client,
    ):
        ids = list(filled.runs or ())
        pulled = [row for batch in client.runs.fetch(ids, batch=50, workers=1) for row in batch]
    assert [name for name, document in pulled if document] == ids
    assert plan.exhausted
    assert len(plan.calls("token.issue")) == 5


def test_runs_are_added_once_however_often_it_is_asked(
    local: LocalStudio, filled: TrainingSession, empty: TrainingSession
) -> None:
    ids = list(filled.runs or ())
    with local.faults({"training.add": ["lost", "cut:2", "503", "reset"]}) as plan:
        local.client.training.add_runs(empty.id, ids)
    assert plan.exhausted
    assert local.client.training.get(empty.id).runs == tuple(ids)


def test_a_list_is_whole_when_a_page_repeats(local: LocalStudio, filled: TrainingSession) -> None:
    for words in (["ok", "repeat"], ["ok", "ok", "repeat"], ["ok", "repeat", "ok", "repeat"]):
        with local.faults({"runs.list": words}) as plan:
            refs = local.client.training.run_refs(filled.id)
            assert tuple(ref.id for ref in refs) == filled.runs
        assert plan.exhausted


def upload(local: LocalStudio, session: str, file: Path, *, resumable: bool = True) -> Any:
    url = local.client.training.upload_url(session, resumable=resumable)
    return upload_file(url, file, chunk=UNIT, retry=QUICK)


@pytest.mark.parametrize(
    "script",
    [
        {"upload.status": ["503", "reset", "lost"]},
        {"upload.chunk": ["ok", "503", "ok", "reset", "ok", "lost"]},
        {"upload.chunk": ["half", "ok", "half", "ok", "partial", "ok", "cut:0"]},
        {"upload.chunk": ["ok", "ok", "ok", "ok", "lost"], "upload.status": ["ok", "reset"]},
        {"upload.chunk": ["ok", "ok", "ok", "ok", "cut:20"]},
        {"upload.chunk": ["429:pacing:2", "408", "500:html", "slow:0.2"]},
    ],
    ids=str,
)
def test_a_resumable_upload_arrives_whole(
    local: LocalStudio, empty: TrainingSession, file: Path, script: dict[str, list[str]]
) -> None:
    with local.faults(script) as plan:
        stored = upload(local, empty.id, file)
    assert plan.exhausted, plan.left
    assert local.studio.store.path(stored.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("words", [["503", "reset"], ["half"], ["half", "502:html"]], ids=str)
def test_an_upload_in_one_piece_arrives_whole(
    local: LocalStudio, empty: TrainingSession, file: Path, words: list[str]
) -> None:
    with local.faults({"objects.put": words}) as plan:
        stored = upload(local, empty.id, file, resumable=False)
    assert plan.exhausted
    assert local.studio.store.path(stored.name).read_bytes() == file.read_bytes()


@pytest.mark.parametrize(
    ("script", "kind", "words"),
    [
        ({"upload.chunk": ["ok", "corrupt"]}, IntegrityError, "arrived changed"),
        ({"upload.chunk": [*["ok"] * 4, "checksum"]}, IntegrityError, "crc32c AAAAAA== there"),
        ({"upload.chunk": ["ok", "410"]}, UploadGone, "ask for a new one"),
        ({"upload.status": ["404"]}, UploadGone, "ask for a new one"),
        ({"upload.chunk": ["reset"] * 5}, Unreachable, "try again later"),
    ],
    ids=str,
)
def test_an_upload_that_cannot_be_whole_says_so_and_sets_nothing(
    local: LocalStudio,
    empty: TrainingSession,
    file: Path,
    script: dict[str, list[str]],
    kind: type[TrainsetError],
    words: str,
) -> None:
    with local.faults(script) as plan, pytest.raises(kind, match=words):
        upload(local, empty.id, file)
    assert plan.exhausted
    assert local.client.training.get(empty.id).dataset is None


def crc32c(file: Path) -> str:
    return FileDigests.of_file(file).crc32c


@pytest.fixture
def link(local: LocalStudio, empty: TrainingSession, file: Path) -> str:
    """Where the uploaded file can be had."""
    local.client.training.set_dataset(empty.id, upload(local, empty.id, file).name)
    return local.client.training.dataset_url(empty.id)


@pytest.mark.parametrize(
    "words",
    [
        ["503", "reset", "lost"],
        ["cut:0", "cut:300000", "cut:1"],
        ["502:html", "408", "slow:0.1"],
    ],
    ids=str,
)
def test_a_download_is_whole(
    local: LocalStudio, link: str, file: Path, tmp_path: Path, words: list[str]
) -> None:
    with local.faults({"objects.get": words}) as plan:
        digests = download(link, tmp_path / "got", retry=QUICK)
    assert plan.exhausted
    assert (tmp_path / "got").read_bytes() == file.read_bytes()
    assert (digests.bytes, digests.crc32c) == (file.stat().st_size, crc32c(file))


@pytest.mark.parametrize(
    ("word", "kind", "words"),
    [
        ("corrupt", IntegrityError, "crc32c"),
        ("checksum", IntegrityError, "crc32c AAAAAA== there"),
        ("gzip-bomb:4", PermanentError, "compressed"),
        ("redirect", PermanentError, "redirects are not followed"),
        ("404", NotFound, "404"),
        ("429:quota", RateLimited, "quota"),
    ],
)
def test_a_download_that_is_another_leaves_no_file(
    local: LocalStudio, link: str, tmp_path: Path, word: str, kind: type[TrainsetError], words: str
) -> None:
    folder = tmp_path / "downloads"
    folder.mkdir()
    with local.faults({"objects.get": [word]}), pytest.raises(kind, match=words):
        download(link, folder / "got", retry=QUICK)
    assert list(folder.iterdir()) == []


def test_what_an_object_is_is_told_after_faults(local: LocalStudio, link: str, file: Path) -> None:
    with local.faults({"objects.get": ["503", "reset"]}) as plan:
        told = remote_object(link, retry=QUICK)
    assert plan.exhausted
    assert told is not None
    assert (told.size, told.crc32c) == (file.stat().st_size, crc32c(file))


def test_documents_of_ten_megabytes_come_whole_in_a_broken_pull(local: LocalStudio) -> None:
    texts = {f"big-{number}": f"{number}" * (10 << 20) for number in range(3)}
    session = local.session_of([{"id": name, "result": text} for name, text in texts.items()])
    with (
        local.faults({"runs.find": ["cut:9000000", "reset"]}) as plan,
        local.connect(limits=Limits(body=12 << 20)) as client,
    ):
        pulled = [row for batch in client.runs.fetch(session.runs or ()) for row in batch]
    assert plan.exhausted
    assert [name for name, _ in pulled] == list(texts)
    for name, document in pulled:
        assert document is not None
        assert msgspec.json.decode(document)["result"] == texts[name]


def test_a_connection_that_comes_about_while_the_client_closes_is_closed_too(
    local: LocalStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, made = threading.Event(), threading.Event(), list[socket.socket]()
    connect = socket.create_connection

    def late(*given: Any, **named: Any) -> socket.socket:
        begun.set()
        go_on.wait(5)
        made.append(connect(*given, **named))
        return made[0]

    monkeypatch.setattr(socket, "create_connection", late)
    client = local.connect()
    thread = threading.Thread(target=_unreachable, args=(client,))
    thread.start()
    assert begun.wait(5)
    client.close()
    go_on.set()
    thread.join()
    ends = time.monotonic() + 5
    while not (made and made[0].fileno() == -1):
        assert time.monotonic() < ends
        time.sleep(0.01)


def _unreachable(client: StudioClient) -> None:
    with pytest.raises(Unreachable):
        client.environments.list()
