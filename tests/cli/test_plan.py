"""`trainset plan`, and targets that are closing or closed, against a real Studio."""

import json
import subprocess
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]
Runs = list[dict[str, Any]]


def last_json(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def ends_in(days: int, folder: Path) -> Path:
    """A catalog in which the rehearsal closes so many days from now."""
    day = datetime.now(UTC).date() + timedelta(days=days)
    path = folder / "own.toml"
    path.write_text(f"[providers.test]\ncloses = {day}\n")
    return path


@pytest.fixture(name="path")
def fixture_path(runs: Runs, write_runs: Callable[[Sequence[dict[str, Any]], str], Path]) -> Path:
    return write_runs(runs, "r.jsonl")


def test_plan_says_it_and_does_nothing(path: Path, command: Command, tmp_path: Path) -> None:
    work = tmp_path / "work"
    words = ["--runs", path, "--work-dir", work, "--model", "gpt-4.1-mini", "--json"]
    planned = command("plan", *words)
    told = last_json(planned)
    assert not work.exists()
    assert (told["finished"], told["runs"]) == (False, 71)
    assert "r.jsonl" in planned.stderr
    assert "71 runs" in planned.stderr
    assert "tokens x 3" in planned.stderr
    built = last_json(command("build", *words))
    assert built["build_id"] == told["build_id"]
    again = command("plan", *words)
    assert last_json(again)["finished"]
    assert "(it is there already)" in again.stderr
    assert last_json(again)["estimate"] == built["estimate"]


def test_plan_of_a_session_asks_the_studio(served: Any, command: Command, tmp_path: Path) -> None:
    work = tmp_path / "work"
    told = last_json(command("plan", *served.flags, "--work-dir", work, "--sample", 5, "--json"))
    assert told["source"]["session"] == served.session
    assert (told["runs"], told["looked_at"]) == (71, 5)
    assert not work.exists()


def test_plan_without_runs_says_what_is_missing(command: Command, tmp_path: Path) -> None:
    done = command("plan", "--work-dir", tmp_path / "work")
    assert done.returncode == 2
    assert "there is nothing to build from" in done.stderr


@pytest.mark.parametrize("epochs", ["0", "-1", "many", "1.5"])
def test_epochs_are_a_number_or_auto(epochs: str, path: Path, command: Command) -> None:
    done = command("plan", "--runs", path, "--epochs", epochs)
    assert done.returncode == 2
    assert "is neither auto nor a whole number of at least 1" in done.stderr


def test_flags_and_the_environment_name_the_target(
    path: Path, command: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        '[providers.openai.models."gpt-4.1-mini-2025-04-14"]\nprices = [{ per_million = 50.0 }]\n'
    )
    monkeypatch.setenv("TRAINSET_CATALOG", str(own))
    words = ["--runs", path, "--work-dir", tmp_path / "w", "--provider", "openai"]
    done = command("plan", *words, "--model", "gpt-4.1-mini", "--epochs", "2", "--json")
    estimate = last_json(done)["estimate"]
    assert (estimate["epochs"]["likely"], estimate["price_per_million"]) == (2, 50)
    other = tmp_path / "other.toml"
    other.write_text("[providers.openai]\nclosed = 3\n")
    wrong = command("plan", *words, "--catalog", other)
    assert wrong.returncode == 2
    assert "providers.openai: Object contains unknown field `closed`" in wrong.stderr


def test_a_catalog_s_path_counts_from_the_spec_s_folder(
    path: Path, command: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "specs"
    folder.mkdir()
    (folder / "own.toml").write_text("[providers.house]\ntitle = 'H'\nformats = ['openai']\n")
    spec = folder / "spec.toml"
    spec.write_text('[target]\nprovider = "house"\ncatalog = "own.toml"\nepochs = "auto"\n')
    told = last_json(command("plan", spec, "--runs", path, "--json"))
    assert told["target"]["provider"] == "house"


def stored(tmp_path: Path) -> list[Path]:
    """What was uploaded to the Studio."""
    folders = [tmp_path / "studio" / name for name in ("objects", "parts")]
    assert all(folder.parent.is_dir() for folder in folders)
    return [file for folder in folders for file in folder.rglob("*") if file.is_file()]


def test_a_closed_target_is_refused_before_anything_is_uploaded(
    served: Any, command: Command, tmp_path: Path
) -> None:
    work = ["--work-dir", tmp_path / "work"]
    last_json(command("build", *served.flags, *work, "--json"))
    closed = ["--catalog", ends_in(0, tmp_path)]
    refused = command("publish", *served.flags, *work, *closed)
    assert refused.returncode == 3
    assert "test-chat-1 at Rehearsal takes no new jobs since" in refused.stderr
    assert served.client.training.get(served.session).dataset is None
    assert stored(tmp_path) == []
    allowed = command("publish", *served.flags, *work, *closed, "--allow-closed")
    assert allowed.returncode == 0, allowed.stderr
    assert "warning: test-chat-1 at Rehearsal takes no new jobs" in allowed.stderr
    assert stored(tmp_path) != []
    start = command("start", *served.flags, *work, *closed)
    assert start.returncode == 3
    assert served.jobs() == 0


def test_run_refuses_a_closed_target_before_it_pulls(
    served: Any, command: Command, tmp_path: Path
) -> None:
    words = ["--work-dir", tmp_path / "work", "--catalog", ends_in(0, tmp_path)]
    refused = command("run", *served.flags, *words)
    assert refused.returncode == 3
    assert not (tmp_path / "work" / "builds").exists()
    assert served.jobs() == 0


@pytest.mark.parametrize(("days", "warnings"), [(90, 1), (92, 0)])
def test_a_target_that_closes_within_ninety_days_is_warned_of(
    days: int, warnings: int, served: Any, command: Command, tmp_path: Path
) -> None:
    work = ["--work-dir", tmp_path / "work"]
    last_json(command("build", *served.flags, *work, "--json"))
    closing = ["--catalog", ends_in(days, tmp_path)]
    done = command("publish", *served.flags, *work, *closing)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("warning: test-chat-1 at Rehearsal takes no new jobs") == warnings


def test_the_spec_s_target_counts_before_the_session_s(
    served: Any, command: Command, tmp_path: Path
) -> None:
    work = ["--work-dir", tmp_path / "work"]
    last_json(command("build", *served.flags, *work, "--json"))
    refused = command("publish", *served.flags, *work, "--model", "command-r")
    assert refused.returncode == 3
    assert "command-r at Cohere takes no new jobs since 2025-09-15" in refused.stderr


def test_build_warns_of_a_closed_target_and_goes_on(
    path: Path, command: Command, tmp_path: Path
) -> None:
    words = ["--runs", path, "--work-dir", tmp_path / "work", "--model", "command-r", "--json"]
    done = command("build", *words)
    assert last_json(done)["estimate"]["cost"] is None
    assert "warning: command-r at Cohere takes no new jobs since 2025-09-15" in done.stderr
