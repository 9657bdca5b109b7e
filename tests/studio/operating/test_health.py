"""`/healthz`: ready, or unready with the reason."""

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from pipeline.studio import EmbeddedStudio
from pipeline.studio.operating import health


@pytest.fixture
def alone(tmp_path: Path) -> Iterator[EmbeddedStudio]:
    with EmbeddedStudio(tmp_path / "data") as running:
        yield running


def asked(studio: EmbeddedStudio) -> httpx2.Response:
    studio.studio.health._seen = None
    answer = httpx2.get(f"{studio.url}/healthz")
    assert answer.headers["cache-control"] == "no-store"
    assert str(studio.studio.data_dir) not in answer.text
    return answer


def test_a_studio_that_can_work_is_ready(alone: EmbeddedStudio) -> None:
    answer = asked(alone)
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "database": "ok", "objects": "ok", "disk": "ok"}
    assert list((alone.studio.data_dir / "objects").iterdir()) == []


def test_a_folder_that_takes_no_datasets_is_told(alone: EmbeddedStudio) -> None:
    shutil.rmtree(alone.studio.data_dir / "objects")
    answer = asked(alone)
    assert answer.status_code == 503
    body = answer.json()
    assert (body["status"], body["database"]) == ("unready", "ok")
    assert "cannot be written" in body["objects"]
    (alone.studio.data_dir / "objects").mkdir()
    assert asked(alone).status_code == 200


def test_a_full_disk_is_told_before_it_is_full(
    alone: EmbeddedStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "RESERVE", 1 << 60)
    answer = asked(alone)
    assert answer.status_code == 503
    assert "are free" in answer.json()["disk"]


def test_a_database_that_does_not_answer_is_told(
    alone: EmbeddedStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise OSError(5, f"{alone.studio.data_dir} is gone")

    monkeypatch.setattr(alone.studio.database, "read", broken)
    answer = asked(alone)
    assert answer.status_code == 503
    assert answer.json()["database"] == "the database does not answer"


def test_a_part_that_hangs_is_told_in_time(
    alone: EmbeddedStudio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "_SECONDS", 0.2)
    over = threading.Event()
    monkeypatch.setattr(alone.studio.health, "_ask_database", lambda: str(over.wait(20)))
    answer = asked(alone)
    over.set()
    assert answer.status_code == 503
    assert "no answer within" in answer.json()["database"]


def test_many_who_ask_take_one_look(alone: EmbeddedStudio, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[int] = []

    def counted() -> str:
        looks.append(1)
        return "ok"

    monkeypatch.setattr(alone.studio.health, "_measure_disk", counted)
    monkeypatch.setattr(health, "_LASTS", 60.0)
    asked(alone)
    for _ in range(50):
        assert httpx2.get(f"{alone.url}/healthz").status_code == 200
    assert len(looks) == 1
