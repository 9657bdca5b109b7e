"""diff: every run that is another one in the dataset is named once, with its reason."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.build import BuildResult, build_dataset
from pipeline.build.telling.diff import BuildDiff, diff_builds
from pipeline.spec import load_spec

Runs = list[dict[str, Any]]
Build = Callable[..., BuildResult]
Told = dict[tuple[str, str, str], tuple[str, ...]]


@pytest.fixture
def build(write_runs: Callable[[Sequence[dict[str, Any]], str], Path], tmp_path: Path) -> Build:
    def make(runs: Runs, **words: Any) -> BuildResult:
        overrides = {name.replace("__", "."): value for name, value in words.items()}
        overrides |= {
            "source.runs": (str(write_runs(runs, "runs.jsonl")),),
            "run.work_dir": str(tmp_path / "work"),
            "run.workers": 1,
        }
        return build_dataset(load_spec(None, environ={}, overrides=overrides))

    return make


def told(diff: BuildDiff) -> Told:
    return {(one.change, one.reason, one.detail): one.run_ids for one in diff.changes}


def kept(build: BuildResult) -> dict[str, str]:
    table = pq.read_table(build.path / "ledger.parquet").to_pylist()
    return {row["run_id"]: row["split"] for row in table if row["outcome"] == "kept"}


def test_a_build_is_equal_to_itself(build: Build, runs: Runs) -> None:
    one = build(runs)
    found = diff_builds(one, one)
    assert found.same
    assert (found.words, found.changes, found.shifts) == ((), (), ())


def test_the_order_of_the_runs_is_no_difference(
    build: Build, runs: Runs, shuffled: Callable[[Runs], Runs]
) -> None:
    one, other = build(runs), build(shuffled(runs))
    assert one.build_id != other.build_id
    assert diff_builds(one, other).same


def test_new_edited_and_gone_runs(build: Build, runs: Runs) -> None:
    before = build(runs[1:])
    changed = json.loads(json.dumps(runs))
    changed[5]["result"] = {"label": "damage"}
    del changed[9]
    found = diff_builds(before, build([*changed[1:], {**runs[0], "id": "f" * 24}]))
    said = told(found)
    assert said["removed", "run gone", "kept -> not pulled"] == (runs[9]["id"],)
    assert said["changed", "edited run", "another record"] == (runs[5]["id"],)
    assert found.words == ()
    assert ("added", "new run", "not pulled -> kept") not in said
    more = diff_builds(
        before, build([*runs[1:], {**runs[0], "id": "f" * 24, "evaluation": {"score": 1}}])
    )
    assert told(more) == {
        ("added", "new run", "not pulled -> kept"): ("f" * 24,),
        ("removed", "other run", "kept -> conflict"): (f"{1003:024x}",),
    }


def test_a_rejected_run_that_was_mended(build: Build, runs: Runs) -> None:
    mended = [*runs]
    at = next(at for at, run in enumerate(runs) if run["id"] == f"{1006:024x}")
    mended[at] = {**runs[at], "result": {"label": "late"}}
    found = diff_builds(build(runs), build(mended))
    assert told(found) == {("added", "edited run", "empty_answer -> kept"): (f"{1006:024x}",)}
    assert (found.records.before, found.records.after) == (60, 61)
    (shift,) = found.shifts
    assert (shift.interaction, shift.share_before, shift.share_after) == ("SortMail", 1.0, 1.0)


def test_a_new_rule_is_named_by_its_path(build: Build, runs: Runs) -> None:
    found = diff_builds(build(runs), build(runs, dedupe__conflicts="keep"))
    assert [(one.path, one.before, one.after) for one in found.words] == [
        ("dedupe.conflicts", "best", "keep")
    ]
    assert {(change, reason) for change, reason, _ in told(found)} <= {
        ("added", "new rule"),
        ("removed", "new rule"),
    }
    assert f"{1002:024x}" in told(found)["added", "new rule", "conflict -> kept"]


def test_runs_that_moved_and_their_tokens(build: Build, runs: Runs) -> None:
    one, other = build(runs), build(runs, split__salt="another")
    before, after = kept(one), kept(other)
    moved = sorted(run_id for run_id in before if before[run_id] != after[run_id])
    found = diff_builds(one, other)
    assert moved
    assert {(change, reason) for change, reason, _ in told(found)} == {("moved", "new rule")}
    assert sum(one.count for one in found.changes) == len(moved)
    assert {run_id for ids in told(found).values() for run_id in ids} <= set(moved)
    assert {name: (one.before, one.after) for name, one in found.tokens.items()} == {
        name: (one.manifest.tokens[name], other.manifest.tokens[name]) for name in found.tokens
    }


def test_the_other_way_round_is_the_mirror(build: Build, runs: Runs) -> None:
    one, other = build(runs), build(runs, dedupe__conflicts="keep", split__salt="x")
    there, back = diff_builds(one, other), diff_builds(other, one)
    mirrored = {"added": "removed", "removed": "added", "moved": "moved", "changed": "changed"}
    assert sorted((mirrored[change.change], change.count) for change in there.changes) == sorted(
        (change.change, change.count) for change in back.changes
    )
