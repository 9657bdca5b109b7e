"""verify, explain and diff as commands: words, JSON, exit codes."""

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def work_dir(
    runs: list[dict[str, Any]],
    write_runs: Callable[[Sequence[dict[str, Any]], str], Path],
    command: Command,
    tmp_path: Path,
) -> Path:
    folder = tmp_path / "work"
    done = command("build", "--runs", write_runs(runs, "runs.jsonl"), "--work-dir", folder)
    assert done.returncode == 0
    return folder


def last_json(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def test_a_sound_build_exits_with_0_and_says_what_was_looked_at(
    command: Command, work_dir: Path
) -> None:
    done = command("verify", "--work-dir", work_dir, "--json")
    assert done.returncode == 0
    found = last_json(done)
    assert found["holds"]
    assert [check["verdict"] for check in found["checks"]] == ["holds"] * 10
    assert "nothing is broken" in done.stderr


def test_a_harmed_build_exits_with_5_and_names_every_violation(
    command: Command, work_dir: Path
) -> None:
    (folder,) = (path for path in (work_dir / "builds").iterdir() if path.is_dir())
    (folder / "ledger.parquet").write_bytes(b"no ledger")
    (folder / "dataset" / "openai" / "train.jsonl").unlink()
    done = command("verify", folder)
    assert done.returncode == 5
    assert "openai/train.jsonl" in done.stdout
    assert "ledger.parquet: cannot be read" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr
    assert "in files, ledger" in done.stderr


def test_explain_marks_the_words_that_differ(command: Command, work_dir: Path) -> None:
    done = command("explain", f"{1002:024x}", "--work-dir", work_dir)
    assert done.returncode == 0
    assert "[-the-]" in done.stdout
    assert '[-{"label":"damage"}-] {+{"label":"late"}+}' in done.stdout


def test_diff_says_that_a_build_is_itself_and_what_another_changed(
    command: Command, work_dir: Path, tmp_path: Path
) -> None:
    first = (work_dir / "builds" / "latest").read_text().strip()
    same = command("diff", first, "latest", "--work-dir", work_dir)
    assert "they are the same build" in same.stdout
    spec = tmp_path / "spec.toml"
    spec.write_text('[source]\nruns = ["runs.jsonl"]\n[dedupe]\nconflicts = "drop"\n')
    assert command("build", spec, "--work-dir", work_dir).returncode == 0
    done = command("diff", first, "--work-dir", work_dir, "--json")
    assert done.returncode == 0
    assert "dedupe.conflicts: best -> drop" in done.stderr
    found = last_json(done)
    removed = [one for one in found["changes"] if one["change"] == "removed"]
    assert [(one["reason"], one["detail"], one["count"]) for one in removed] == [
        ("new rule", "kept -> conflict", 1)
    ]
