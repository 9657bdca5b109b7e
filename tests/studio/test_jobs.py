"""Training jobs: one at a time, cancelled, failed, waited for, and outliving the server."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from pipeline.studio import EmbeddedStudio
from pipeline.trainers import TRAINERS, Rehearsal

OVER = ("completed", "failed", "cancelled")


@pytest.fixture
def long_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rehearsal takes an hour."""
    monkeypatch.setitem(TRAINERS, "test", Rehearsal(running_ms=3_600_000))


@pytest.fixture
def quick_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The rehearsal takes no time."""
    monkeypatch.setitem(TRAINERS, "test", Rehearsal(pending_ms=0, running_ms=0))


@pytest.fixture
def own(tmp_path: Path, new_account: Callable[..., Any]) -> Iterator[Any]:
    """An account in a Studio of its own, whose address and data-dir outlive a restart."""
    with EmbeddedStudio(tmp_path / "own") as studio, httpx2.Client(base_url=studio.url) as http:
        yield new_account(1, studio, http)


def ended(account: Any, job: str) -> Any:
    return account.ok(account.get(f"/training/job/{job}", sync="true"))


def jobs_of(account: Any) -> int:
    with account.studio.studio.database.read() as connection:
        query = text("SELECT count(*) FROM jobs WHERE project = :project")
        return int(connection.execute(query, {"project": account.project}).scalar() or 0)


def status_of(account: Any, session: str) -> str:
    return str(account.ok(account.get(f"/training/{session}"))["status"])


def test_a_job_goes_through_its_states_to_a_model(account: Any) -> None:
    session = account.prepared()
    started = account.ok(account.post(f"/training/{session}/start"))
    assert started["status"] == "pending"
    assert status_of(account, session) == "processing"
    seen = {started["status"]}
    while (job := account.ok(account.get(f"/training/job/{started['id']}")))["status"] not in OVER:
        seen.add(job["status"])
        time.sleep(0.02)
    assert seen == {"pending", "running"}
    assert job["status"] == "completed"
    assert job["model"].startswith("test-chat-1:")
    assert job["created_at"] <= job["updated_at"]
    shown = account.ok(account.get(f"/training/{session}"))
    assert (shown["status"], shown["job"]) == ("completed", job)


@pytest.mark.usefixtures("long_jobs")
def test_twenty_starts_at_once_are_one_job(account: Any) -> None:
    session = account.prepared()
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: account.post(f"/training/{session}/start"), range(20)))
    assert len({account.ok(answer)["id"] for answer in answers}) == 1
    assert jobs_of(account) == 1
    account.ok(account.post(f"/training/{session}/cancel"))


@pytest.mark.usefixtures("long_jobs")
def test_while_a_job_is_active_the_session_takes_nothing_else(account: Any) -> None:
    session = account.prepared()
    job = account.ok(account.post(f"/training/{session}/start"))["id"]
    account.refused(account.post(f"/training/{session}/add", {"runs": account.ids}), 409)
    account.refused(account.post(f"/training/{session}/build"), 409)
    account.refused(account.post(f"/training/{session}/dataset", {"dataset": "x"}), 409)
    assert account.ok(account.post(f"/training/{session}/start"))["id"] == job
    account.ok(account.post(f"/training/{session}/cancel"))


@pytest.mark.usefixtures("long_jobs")
def test_a_cancelled_job_stays_cancelled_and_a_new_one_may_start(account: Any) -> None:
    session = account.prepared()
    first = account.ok(account.post(f"/training/{session}/start"))["id"]
    cancelled = account.ok(account.post(f"/training/{session}/cancel"))
    assert (cancelled["id"], cancelled["status"]) == (first, "cancelled")
    assert account.ok(account.post(f"/training/{session}/cancel")) == cancelled
    assert status_of(account, session) == "cancelled"
    assert ended(account, first) == cancelled
    second = account.ok(account.post(f"/training/{session}/start"))["id"]
    assert second != first
    assert status_of(account, session) == "processing"
    account.ok(account.post(f"/training/{session}/cancel"))
    account.ok(account.post(f"/training/{session}/add", {"runs": account.ids}))


@pytest.mark.usefixtures("quick_jobs")
def test_a_job_that_is_over_is_not_cancelled(account: Any) -> None:
    session = account.prepared()
    job = account.ok(account.post(f"/training/{session}/start"))["id"]
    assert ended(account, job)["status"] == "completed"
    account.refused(account.post(f"/training/{session}/cancel"), 409)
    assert ended(account, job)["status"] == "completed"


@pytest.mark.usefixtures("quick_jobs")
def test_a_bad_dataset_fails_with_its_lines(account: Any) -> None:
    good = account.good_dataset(9)
    session = account.prepared(good + b'{"messages": []}\n' + b"nonsense\n" + good)
    job = account.ok(account.post(f"/training/{session}/start"))["id"]
    failed = ended(account, job)
    assert failed["status"] == "failed"
    assert "line 10: has no messages" in failed["details"]
    assert "line 11: is no JSON" in failed["details"]
    assert "model" not in failed
    assert status_of(account, session) == "failed"


@pytest.mark.usefixtures("quick_jobs")
def test_one_strange_file_does_not_end_the_runner(account: Any) -> None:
    strange = [b"\xff\n", b"[" * 100_000, b'{"messages":[{"role":["x"],"content":1}]}', b"", b"1"]
    for data in strange:
        session = account.prepared(data)
        job = account.ok(account.post(f"/training/{session}/start"))["id"]
        assert ended(account, job)["status"] == "failed"
    session = account.prepared()
    job = account.ok(account.post(f"/training/{session}/start"))["id"]
    assert ended(account, job)["status"] == "completed"


@pytest.mark.usefixtures("quick_jobs")
def test_a_lost_dataset_fails_the_job(account: Any) -> None:
    session = account.prepared()
    for path in (account.studio.studio.data_dir / "objects").glob(f"{session}-*"):
        path.unlink()
    job = account.ok(account.post(f"/training/{session}/start"))["id"]
    failed = ended(account, job)
    assert failed["status"] == "failed"
    assert "/" not in failed["details"]


@pytest.mark.usefixtures("long_jobs")
def test_sync_waits_and_many_that_wait_hold_nobody_up(account: Any) -> None:
    session = account.prepared()
    job = account.ok(account.post(f"/training/{session}/start"))["id"]
    with ThreadPoolExecutor(60) as pool:
        waiting = [pool.submit(ended, account, job) for _ in range(60)]
        time.sleep(0.3)
        began = time.monotonic()
        assert account.ok(account.get(f"/training/job/{job}"))["status"] in ("pending", "running")
        assert time.monotonic() - began < 5
        assert not any(one.done() for one in waiting)
        account.ok(account.post(f"/training/{session}/cancel"))
        assert {one.result()["status"] for one in waiting} == {"cancelled"}


@pytest.mark.usefixtures("quick_jobs")
def test_sync_is_a_boolean_and_unknown_jobs_are_404(account: Any) -> None:
    session = account.prepared()
    job = account.ok(account.post(f"/training/{session}/start"))["id"]
    account.refused(account.get(f"/training/job/{job}", sync="perhaps"), 400)
    account.refused(account.get("/training/job/none", sync="true"), 404)
    ended(account, job)


@pytest.mark.usefixtures("quick_jobs")
def test_a_job_id_may_hold_slashes_and_colons(account: Any) -> None:
    session = account.prepared()
    old = account.ok(account.post(f"/training/{session}/start"))["id"]
    ended(account, old)
    arn = f"arn:aws:bedrock:us-east-1:1:job/amazon.nova:1/{session}"
    with account.studio.studio.database.write() as connection:
        query = text("UPDATE jobs SET id = :arn WHERE id = :old")
        connection.execute(query, {"arn": arn, "old": old})
    encoded = arn.replace(":", "%3A").replace("/", "%2F")
    for path in (arn, encoded, encoded.lower(), arn + "/"):
        assert account.ok(account.get(f"/training/job/{path}"))["id"] == arn


def test_a_provider_without_a_trainer_starts_nothing(account: Any) -> None:
    model = "gpt-4.1-mini"
    account.load([], {"id": "o1", "name": "openai", "provider": "openai", "default_model": model})
    session = account.session(env="o1", model=model)
    name = account.upload(session, account.good_dataset())
    account.ok(account.post(f"/training/{session}/dataset", {"dataset": name}))
    assert "openai" in account.refused(account.post(f"/training/{session}/start"), 400)
    assert status_of(account, session) == "prepared"


@pytest.mark.usefixtures("long_jobs")
def test_a_job_goes_on_after_a_restart_and_is_not_started_twice(
    tmp_path: Path, own: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = own.prepared()
    job = own.ok(own.post(f"/training/{session}/start"))
    own.studio.__exit__(None, None, None)
    monkeypatch.setitem(TRAINERS, "test", Rehearsal(pending_ms=0, running_ms=0))
    headers = {"Authorization": f"Bearer {own.token}"}
    with EmbeddedStudio(tmp_path / "own") as again, httpx2.Client(headers=headers) as http:
        url = f"{again.url}/api/v1/training/job/{job['id']}?sync=true"
        found = http.get(url, timeout=30).json()
        with again.studio.database.read() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar()
    assert (found["status"], found["created_at"], count) == ("completed", job["created_at"], 1)


@pytest.mark.usefixtures("long_jobs")
def test_stopping_lets_those_who_wait_go_at_once(own: Any) -> None:
    session = own.prepared()
    job = own.ok(own.post(f"/training/{session}/start"))["id"]
    running = [one for one in threading.enumerate() if one.name in ("jobs", "studio")]
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(ended, own, job)
        time.sleep(0.3)
        began = time.monotonic()
        own.studio.__exit__(None, None, None)
        assert waiting.result()["status"] == "running"
    assert time.monotonic() - began < 3
    left = [one for one in threading.enumerate() if one.name in ("jobs", "studio")]
    assert len(running) - len(left) == 2


@pytest.mark.usefixtures("quick_jobs")
def test_the_runner_outlives_a_database_that_is_locked(account: Any) -> None:
    session = account.prepared()
    job = account.ok(account.post(f"/training/{session}/start"))["id"]
    with account.studio.studio.database.write():
        time.sleep(0.5)
    done = ended(account, job)
    assert done["status"] == "completed"
    assert json.dumps(done["details"])
