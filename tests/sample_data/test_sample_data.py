"""The sample data is what its README says."""

import json
import re
import subprocess
import sys
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from pipeline.records import REJECT_CODES
from pipeline.spec import load_spec

FOLDER = Path(__file__).parents[2] / "sample_data"
ROW = re.compile(r"^\| ([a-z.-]+) \| (\d+) \| ([a-z, ]+) \| ([a-z_]*) ?\|", re.MULTILINE)
Run = dict[str, Any]


@pytest.fixture(scope="module")
def runs() -> list[Run]:
    lines = (FOLDER / "runs.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def cases_of_readme() -> dict[str, tuple[int, str, str]]:
    rows = ROW.findall((FOLDER / "README.md").read_text(encoding="utf-8"))
    return {name: (int(count), outcome, code) for name, count, outcome, code in rows}


def cases_of(run: Run) -> list[str]:
    return [tag.removeprefix("case:") for tag in run["tags"] if tag.startswith("case:")]


def input_of(run: Run) -> str:
    message = run["parameters"]["message"]
    folded = unicodedata.normalize("NFKC", message).casefold()
    return " ".join(unicodedata.normalize("NFKC", folded).split())


def alike(one: Run, other: Run) -> float:
    a, b = ({text[i : i + 5] for i in range(len(text) - 4)} for text in map(input_of, (one, other)))
    return len(a & b) / len(a | b)


def test_every_case_of_the_readme_is_in_the_file_as_often_as_it_says(runs: list[Run]) -> None:
    found = Counter(case for run in runs for case in cases_of(run))
    assert found == {case: count for case, (count, _, _) in cases_of_readme().items()}


def test_codes_of_the_readme_are_codes_of_the_ledger() -> None:
    duplicates = {"same_run_id", "exact_duplicate", "near_duplicate", "contained_conversation"}
    for case, (_, outcome, code) in cases_of_readme().items():
        known = {"kept": {""}, "rejected": set(REJECT_CODES)}.get(outcome, duplicates)
        assert code in known, case


def test_at_least_ninety_runs_should_be_kept(runs: list[Run]) -> None:
    expected = cases_of_readme()
    kept = [run for run in runs if all(expected[case][1] == "kept" for case in cases_of(run))]
    assert len(kept) > 140


def test_ids_are_unique_but_for_the_named_one(runs: list[Run]) -> None:
    twice = [run_id for run_id, n in Counter(run["id"] for run in runs).items() if n > 1]
    assert twice == [run["id"] for run in runs if cases_of(run) == ["same-run-id"]][:1]


def test_every_run_has_the_fields_of_a_stored_run(runs: list[Run]) -> None:
    for run in runs:
        assert re.fullmatch("[0-9a-f]{24}", run["id"])
        assert {"interaction", "environment", "status", "result", "tags"} <= set(run)


@pytest.mark.parametrize(
    "case",
    [
        "near-duplicate",
        "near-duplicate-german",
        "near-duplicate-template",
        "near-duplicate-tools",
        "whitespace",
        "composed-characters",
    ],
)
def test_near_duplicates_are_near(runs: list[Run], case: str) -> None:
    (kept,) = [run for run in runs if cases_of(run) == [f"{case}.kept"]]
    copies = [run for run in runs if cases_of(run) == [case]]
    assert copies
    assert all(alike(kept, copy) >= 0.85 for copy in copies)


def test_the_chain_is_a_chain(runs: list[Run]) -> None:
    named = {case: run for run in runs for case in cases_of(run)}
    a, b, c = named["chain-a.kept"], named["chain-b"], named["chain-c.kept"]
    assert alike(a, b) >= 0.8
    assert alike(b, c) >= 0.8
    assert alike(a, c) < 0.75


def test_the_spec_loads_and_finds_its_files() -> None:
    spec = load_spec(FOLDER / "trainset.toml", environ={}, overrides={})
    assert spec.studio.environment == "embedded"
    assert all(Path(name).exists() for name in spec.source.runs)
    assert spec.source.environments is not None
    environments = json.loads(Path(spec.source.environments).read_text(encoding="utf-8"))
    (embedded,) = [one for one in environments if one["name"] == "embedded"]
    assert embedded["default_model"] == "test-chat-1"


def test_environments_are_those_that_the_runs_name(runs: list[Run]) -> None:
    environments = json.loads((FOLDER / "environments.json").read_text(encoding="utf-8"))
    assert {run["environment"]["id"] for run in runs} < {one["id"] for one in environments}


def test_only_the_first_broken_line_is_a_run() -> None:
    lines = (FOLDER / "broken.jsonl").read_bytes().splitlines()
    assert len(lines) == 9
    assert json.loads(lines[0])["id"]
    assert b"[" * 10_000 in lines[8]


def test_the_files_are_what_the_texts_give() -> None:
    program = [sys.executable, str(FOLDER / "make.py"), "--check"]
    done = subprocess.run(program, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
