"""`build`: the real stages over a session's runs."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert

from pipeline.errors import Busy
from pipeline.studio import EmbeddedStudio
from pipeline.studio.tables import sessions


@pytest.fixture
def slow_builds(studio: EmbeddedStudio) -> Iterator[threading.Event]:
    """Builds begin when the event is set."""
    event, real = threading.Event(), studio.studio.builder

    def wait(runs: Path, work_dir: Path) -> Path:
        event.wait(20)
        return real(runs, work_dir)

    studio.studio.builder = wait
    yield event
    event.set()
    studio.studio.builder = real


def built(account: Any, session: str) -> str:
    return str(account.ok(account.post(f"/training/{session}/build"))["dataset"])


def rows(account: Any, session: str) -> list[Any]:
    url = account.ok(account.get(f"/training/{session}/url"))["url"]
    answer = account.http.get(url)
    assert answer.status_code == 200
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_build_makes_the_dataset_of_the_runs(account: Any) -> None:
    session = account.session(runs=12)
    url = built(account, session)
    shown = account.ok(account.get(f"/training/{session}"))
    assert (shown["status"], shown["dataset"]) == ("prepared", url)
    found = rows(account, session)
    assert 5 <= len(found) <= 12  # the others went to validation
    asked = {run["prompt"][0]["content"]: run["result"] for run in account.documents.values()}
    for row in found:
        user, assistant = row["messages"]
        assert asked[user["content"]] == assistant["content"]
    assert not (account.studio.studio.data_dir / "builds" / session).exists()


def test_unchanged_runs_give_the_same_dataset(account: Any) -> None:
    session = account.session(runs=11)
    url, first = built(account, session), rows(account, session)
    assert built(account, session) == url
    account.ok(account.post(f"/training/{session}/add", {"runs": account.ids[:11]}))
    assert built(account, session) == url
    account.ok(account.post(f"/training/{session}/add", {"runs": account.ids}))
    assert built(account, session) != url
    assert len(rows(account, session)) >= len(first)


def test_a_run_that_was_edited_gives_another_dataset(account: Any) -> None:
    session = account.session(runs=12)
    url = built(account, session)
    edited = [{**run, "result": f"New: {run['result']}"} for run in account.documents.values()]
    account.load(edited)
    assert built(account, session) != url
    answers = [row["messages"][1]["content"] for row in rows(account, session)]
    assert all(answer.startswith("New: ") for answer in answers)


def test_default_is_what_build_made(account: Any) -> None:
    session = account.session(runs=12)
    url = built(account, session)
    name = account.upload(session, b"other\n")
    account.ok(account.post(f"/training/{session}/dataset", {"dataset": name}))
    answer = account.ok(account.post(f"/training/{session}/dataset", {"dataset": "default"}))
    assert answer["dataset"] == url
    assert account.ok(account.get(f"/training/{session}"))["dataset"] == url


def test_what_build_made_can_be_trained_on(account: Any) -> None:
    session = account.session(runs=12)
    built(account, session)
    job = account.ok(account.post(f"/training/{session}/start"))["id"]
    over = account.ok(account.get(f"/training/job/{job}", sync="true"))
    assert over["status"] in ("completed", "failed")
    built(account, session)
    assert account.ok(account.get(f"/training/{session}"))["status"] == "prepared"


def test_without_runs_there_is_nothing_to_build(account: Any) -> None:
    session = account.session()
    assert "no runs" in account.refused(account.post(f"/training/{session}/build"), 400)
    assert account.ok(account.get(f"/training/{session}"))["status"] == "created"


def test_when_nothing_is_left_the_reasons_are_counted(new_account: Callable[..., Any]) -> None:
    account = new_account(3)
    account.load([{**run, "status": "failed"} for run in account.documents.values()])
    session = account.session(runs=3)
    message = account.refused(account.post(f"/training/{session}/build"), 400)
    assert "3" in message
    assert "status" in message
    assert str(account.studio.studio.data_dir) not in message
    assert account.ok(account.get(f"/training/{session}"))["status"] == "created"


def test_a_provider_whose_format_is_not_built_is_400(account: Any) -> None:
    model = "us.amazon.nova-lite-v1:0"
    account.load([], {"id": "b1", "name": "b", "provider": "bedrock", "default_model": model})
    session = account.session(env="b1", model=model)
    account.ok(account.post(f"/training/{session}/add", {"runs": account.ids}))
    assert "bedrock" in account.refused(account.post(f"/training/{session}/build"), 400)


def test_a_provider_that_nobody_knows_any_more_is_400(account: Any) -> None:
    session = account.session(runs=12)
    account.load([], {"id": account.env, "name": "e", "provider": "mystery"})
    assert "mystery" in account.refused(account.post(f"/training/{session}/build"), 400)


def test_while_it_builds_a_session_takes_nothing_else(
    account: Any, slow_builds: threading.Event
) -> None:
    session, other = account.session(runs=12), account.session(runs=12)
    threads = [threading.Thread(target=built, args=(account, one)) for one in (session, other)]
    for thread in threads:
        thread.start()
    while account.ok(account.get(f"/training/{session}"))["status"] != "building":
        time.sleep(0.01)
    body = {"runs": account.ids}
    account.refused(account.post(f"/training/{session}/build"), 409)
    account.refused(account.post(f"/training/{session}/add", body), 409)
    account.refused(account.post(f"/training/{session}/dataset", {"dataset": "default"}), 409)
    account.refused(account.post(f"/training/{session}/start"), 409)
    slow_builds.set()
    for thread in threads:
        thread.join(30)
    for one in (session, other):
        assert account.ok(account.get(f"/training/{one}"))["status"] == "prepared"


def test_a_build_that_breaks_leaves_the_session_as_it_was(
    account: Any, studio: EmbeddedStudio, slow_builds: threading.Event
) -> None:
    def break_down(runs: Path, work_dir: Path) -> Path:
        raise OSError(5, f"{runs} {work_dir}")

    def be_busy(runs: Path, work_dir: Path) -> Path:
        raise Busy(f"{work_dir.name} is in use by {runs.name}")

    slow_builds.set()
    session = account.session(runs=12)
    for builder, status in ((break_down, 500), (be_busy, 503)):
        studio.studio.builder = builder
        message = account.refused(account.post(f"/training/{session}/build"), status)
        assert str(studio.studio.data_dir) not in message
        assert account.ok(account.get(f"/training/{session}"))["status"] == "created"


def test_a_build_that_died_with_its_server_is_over(tmp_path: Path) -> None:
    same = {"project": "p", "name": "n", "env": "e", "model": "m"}
    same |= {"created_by": "b", "updated_by": "b", "created_at": "t", "updated_at": "t"}
    with EmbeddedStudio(tmp_path) as studio, studio.studio.database.write() as connection:
        for number, status, dataset in (
            (1, "building", None),
            (2, "building", "x"),
            (3, "failed", None),
        ):
            row = {**same, "id": f"s{number}", "status": status, "dataset": dataset}
            connection.execute(insert(sessions).values(row))
    (tmp_path / "builds" / "s1").mkdir(parents=True)
    with EmbeddedStudio(tmp_path) as studio, studio.studio.database.read() as connection:
        query = "SELECT status FROM sessions ORDER BY id"
        found = list(connection.exec_driver_sql(query).scalars())
    assert found == ["created", "prepared", "failed"]
    assert not (tmp_path / "builds").exists()
