"""Sampling and sides that stay, from the command line."""

import json
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

Command = Callable[..., subprocess.CompletedProcess[str]]
Runs = list[dict[str, Any]]


def test_the_same_line_every_night_keeps_runs_on_their_side(
    runs: Runs,
    write_runs: Callable[[Sequence[dict[str, Any]], str], Path],
    command: Command,
    tmp_path: Path,
) -> None:
    work = ["--work-dir", tmp_path / "work", "--previous", "latest", "--json"]

    def night(count: int) -> tuple[dict[str, Any], str]:
        done = command("build", "--runs", write_runs(runs[:count], "r.jsonl"), *work)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1]), done.stderr

    def sides(summary: dict[str, Any]) -> dict[str, str]:
        rows = pq.read_table(Path(summary["path"]) / "ledger.parquet").to_pylist()
        return {row["run_id"]: row["split"] for row in rows if row["split"]}

    first, said = night(30)
    assert "changed the side" not in said
    second, said = night(60)
    assert f"0 records changed the side they had in build {first['build_id']}" in said
    assert {name: sides(second)[name] for name in sides(first)} == sides(first)
    third, said = night(60)
    assert third == second
    assert "was there already, nothing was done" in said


def test_a_sample_by_flags_and_what_explain_says_of_the_rest(
    runs: Runs,
    write_runs: Callable[[Sequence[dict[str, Any]], str], Path],
    command: Command,
    tmp_path: Path,
) -> None:
    work = ["--work-dir", tmp_path / "work"]
    path = write_runs(runs[:60], "r.jsonl")
    done = command("build", "--runs", path, *work, "--max-records", "20", "--json")
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["kept"], summary["rejected"]) == (20, {"over_budget": 40})
    rows = pq.read_table(Path(summary["path"]) / "ledger.parquet").to_pylist()
    left = next(row["run_id"] for row in rows if row["code"] == "over_budget")
    told = command("explain", left, *work).stdout
    assert "rejected at sample: over_budget" in told
    assert "interaction SortMail: 20 of 60 are kept (sample.max_records)" in told


def test_a_previous_build_that_is_not_there_is_exit_4(
    runs: Runs,
    write_runs: Callable[[Sequence[dict[str, Any]], str], Path],
    command: Command,
    tmp_path: Path,
) -> None:
    path = write_runs(runs, "r.jsonl")
    work = ["--work-dir", tmp_path / "work"]
    done = command("build", "--runs", path, *work, "--previous", "0123abcd")
    assert done.returncode == 4
    assert "0123abcd: no such build" in done.stderr
