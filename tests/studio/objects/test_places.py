"""What every place for datasets does: the same suite in a folder, at Amazon, at Google."""

import secrets
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import pytest

from pipeline.build import build_dataset
from pipeline.build.publishing.publish import publish_dataset, start_training
from pipeline.client import StudioClient, download, remote_object, upload_file
from pipeline.manifest import FileDigests
from pipeline.spec import BuildSpec, GateSpec, RunSpec, SourceSpec
from pipeline.studio import EmbeddedStudio, ObjectsAt

SAMPLE = Path(__file__).parents[3] / "sample_data"
UNIT = 256 << 10


def upload_url(account: Any, session: str, resumable: str = "true") -> str:
    path = f"/training/{session}/upload-url"
    return str(account.ok(account.get(path, resumable=resumable))["url"])


def brought(account: Any, session: str, target: Path) -> FileDigests:
    told = account.ok(account.get(f"/training/{session}/url"))
    digests = download(told["url"], target)
    assert (told["size"], told["crc32c"]) == (str(digests.bytes), digests.crc32c)
    return digests


def ended(account: Any, job: str) -> dict[str, Any]:
    for _ in range(300):
        body = account.ok(account.get(f"/training/job/{job}", sync="true"))
        if body["status"] not in ("pending", "running"):
            return dict(body)
        time.sleep(0.1)
    raise AssertionError(body)


@pytest.mark.parametrize("size", [0, 1, UNIT, UNIT + 1, None])
@pytest.mark.parametrize("resumable", ["true", "false"])
def test_what_is_uploaded_is_what_is_downloaded(
    place: tuple[str, ObjectsAt],
    account_there: Any,
    data: Path,
    tmp_path: Path,
    size: int | None,
    resumable: str,
) -> None:
    if (place[0], size, resumable) == ("gcs", 0, "false"):
        size = 1  # the emulator of Cloud Storage breaks over an empty PUT
    source = tmp_path / "source.jsonl"
    source.write_bytes(data.read_bytes()[:size])
    session = account_there.session()
    # The emulator of Cloud Storage takes application/jsonl for JSON and breaks over it.
    kind = "application/octet-stream"
    url = upload_url(account_there, session, resumable)
    stored = upload_file(url, source, content_type=kind, chunk=8 * UNIT)
    account_there.ok(account_there.post(f"/training/{session}/dataset", {"dataset": stored.name}))
    digests = brought(account_there, session, tmp_path / "target.jsonl")
    assert digests.sha256 == FileDigests.of_file(source).sha256


def test_an_upload_that_was_broken_off_goes_on(
    account_there: Any, data: Path, tmp_path: Path
) -> None:
    session = account_there.session()
    url = upload_url(account_there, session)
    body, size = data.read_bytes(), data.stat().st_size
    span = f"bytes 0-{40 * UNIT - 1}/{size}"
    first = account_there.http.put(url, content=body[: 40 * UNIT], headers={"Content-Range": span})
    assert first.status_code == 308
    told: list[int] = []
    stored = upload_file(url, data, on_progress=told.append)
    assert told[0] == 40 * UNIT
    account_there.ok(account_there.post(f"/training/{session}/dataset", {"dataset": stored.name}))
    assert brought(account_there, session, tmp_path / "target").bytes == size


def test_an_object_belongs_to_its_session_and_is_none_before_it_is_whole(
    account_there: Any, data: Path
) -> None:
    own, other = account_there.session(), account_there.session()
    for resumable in ("true", "false"):
        url = upload_url(account_there, own, resumable)
        name = urlsplit(url).path.rpartition("/")[2]
        path = f"/training/{own}/dataset"
        account_there.refused(account_there.post(path, {"dataset": name}), 404)
        kind = "application/octet-stream"
        stored = upload_file(url, data, content_type=kind)
        wrong = f"/training/{other}/dataset"
        account_there.refused(account_there.post(wrong, {"dataset": stored.name}), 404)
        account_there.ok(account_there.post(path, {"dataset": stored.name}))


def test_a_link_cannot_change_what_was_accepted(
    account_there: Any, data: Path, tmp_path: Path
) -> None:
    session = account_there.session()
    link = upload_url(account_there, session, "false")
    kind = "application/octet-stream"
    stored = upload_file(link, data, content_type=kind)
    path = f"/training/{session}/dataset"
    account_there.ok(account_there.post(path, {"dataset": stored.name}))
    again = account_there.http.put(link, content=b"else", headers={"content-type": kind})
    assert again.status_code in (200, 412)
    account_there.ok(account_there.post(path, {"dataset": stored.name}))
    assert (
        brought(account_there, session, tmp_path / "x").crc32c == FileDigests.of_file(data).crc32c
    )


@pytest.mark.parametrize("name", ["../lock", "a/b", "", "team/a/", "%2e%2e", "x" * 300, "\0"])
def test_a_name_that_was_not_given_out_is_404(account_there: Any, name: str) -> None:
    session = account_there.session()
    account_there.refused(
        account_there.post(f"/training/{session}/dataset", {"dataset": name}), 404
    )


def test_a_build_goes_there_and_is_trained_on(
    place: tuple[str, ObjectsAt], account_there: Any, tmp_path: Path
) -> None:
    session = account_there.session(runs=12)
    built = account_there.ok(account_there.post(f"/training/{session}/build"))["dataset"]
    assert built.startswith(place[1].url or account_there.studio.url)
    assert account_there.ok(account_there.post(f"/training/{session}/build"))["dataset"] == built
    assert brought(account_there, session, tmp_path / "built").bytes > 0
    remote = remote_object(account_there.ok(account_there.get(f"/training/{session}/url"))["url"])
    assert remote is not None
    scratch = account_there.studio.studio.data_dir / "scratch"
    job = account_there.ok(account_there.post(f"/training/{session}/start"))["id"]
    assert ended(account_there, job)["details"]
    for _ in range(50):
        if not list(scratch.glob("*")):
            break
        time.sleep(0.1)
    assert not list(scratch.glob("*"))


def test_a_job_trains_on_what_was_uploaded(account_there: Any, data: Path) -> None:
    session = account_there.session()
    stored = upload_file(upload_url(account_there, session), data)
    account_there.ok(account_there.post(f"/training/{session}/dataset", {"dataset": stored.name}))
    job = account_there.ok(account_there.post(f"/training/{session}/start"))["id"]
    over = ended(account_there, job)
    assert over["status"] == "completed", over


def test_publish_and_start_work_end_to_end_and_once(
    place: tuple[str, ObjectsAt], placed: EmbeddedStudio, tmp_path: Path
) -> None:
    runs, project = SAMPLE / "runs.jsonl", f"project-{secrets.token_hex(4)}"
    placed.import_runs(runs, project=project)
    source = SourceSpec(runs=(str(runs),))
    spec = BuildSpec(source=source, run=RunSpec(work_dir=str(tmp_path / "work"), workers=1))
    build = build_dataset(spec)
    named = () if place[1].endpoint is None else (place[1].endpoint.removeprefix("http://"),)
    key = placed.create_key(project)
    with StudioClient(placed.url, api_key=key, storage_hosts=named) as client:
        environment = client.environments.find("embedded")
        session = client.training.create("s", environment.id, environment.default_model or "")
        assert publish_dataset(build, client, session.id, gates=GateSpec()).done
        assert not publish_dataset(build, client, session.id, gates=GateSpec()).done
        assert start_training(build, client, session.id).started
        assert not start_training(build, client, session.id).started


def test_health_tells_of_a_place_that_is_there_and_of_one_that_is_not(
    placed: EmbeddedStudio, account_there: Any, tmp_path: Path
) -> None:
    del account_there
    store: Any = placed.studio.store
    store.reach()
    assert httpx2.get(f"{placed.url}/healthz").json()["objects"] == "ok"
    name = next(one for one in ("_bucket", "_folder") if hasattr(store, one))
    there = getattr(store, name)
    gone = {"local": tmp_path / "gone", "s3": "gone"}
    try:
        kind = type(store).__name__.removesuffix("Objects").lower()
        setattr(store, name, gone[kind] if kind in gone else there.client.bucket("gone"))
        placed.studio.health._seen = None
        answer = httpx2.get(f"{placed.url}/healthz")
    finally:
        setattr(store, name, there)
    assert answer.status_code == 503
    assert "cannot be" in answer.json()["objects"]
    placed.studio.health._seen = None
    assert httpx2.get(f"{placed.url}/healthz").status_code == 200
