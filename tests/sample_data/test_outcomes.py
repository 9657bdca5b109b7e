"""What becomes of each named case is what the sample data's README says: by a real build."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.build import build_dataset
from pipeline.spec import load_spec

FOLDER = Path(__file__).parents[2] / "sample_data"
ROW = re.compile(r"^\| ([a-z.-]+) \| (\d+) \| ([a-z, ]+) \| ([a-z_]*) ?\|", re.MULTILINE)
Fate = tuple[str, str]


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    work = tmp_path_factory.mktemp("sample") / "work"
    overrides = {"run.work_dir": str(work), "run.workers": 1}
    spec = load_spec(FOLDER / "trainset.toml", environ={}, overrides=overrides)
    rows: list[dict[str, Any]] = pq.read_table(
        build_dataset(spec).path / "ledger.parquet"
    ).to_pylist()
    return rows


def expected() -> dict[str, Counter[Fate]]:
    found = {}
    for name, count, outcome, code in ROW.findall((FOLDER / "README.md").read_text()):
        if outcome == "one kept, one duplicate":
            found[name] = Counter({("kept", ""): 1, ("duplicate", code): 1})
        else:
            found[name] = Counter({(outcome, code): int(count)})
    return found


def test_each_case_ends_as_the_readme_says(ledger: list[dict[str, Any]]) -> None:
    fates: dict[str, list[Fate]] = {}
    for row in ledger:
        fates.setdefault(row["run_id"], []).append((row["outcome"], row["code"] or ""))
    found: dict[str, Counter[Fate]] = {}
    seen: set[tuple[str, str]] = set()
    for line in (FOLDER / "runs.jsonl").read_text(encoding="utf-8").splitlines():
        run = json.loads(line)
        for tag in run["tags"]:
            case = tag.removeprefix("case:")
            if tag != case and (case, run["id"]) not in seen:
                seen.add((case, run["id"]))
                found.setdefault(case, Counter()).update(fates[run["id"]])
    assert found == expected()


def test_runs_without_a_case_are_kept(ledger: list[dict[str, Any]]) -> None:
    fates = {row["run_id"]: row["code"] for row in ledger}
    lost = {}
    for line in (FOLDER / "runs.jsonl").read_text(encoding="utf-8").splitlines():
        run = json.loads(line)
        if not any(tag.startswith("case:") for tag in run["tags"]) and fates[run["id"]]:
            lost[run["id"]] = fates[run["id"]]
    assert lost == {}


def test_a_chain_is_on_one_side(ledger: list[dict[str, Any]]) -> None:
    by_id = {row["run_id"]: row for row in ledger}
    components = set()
    for line in (FOLDER / "runs.jsonl").read_text(encoding="utf-8").splitlines():
        run = json.loads(line)
        if any(tag.startswith("case:chain-") for tag in run["tags"]):
            components.add(by_id[run["id"]]["component"])
    assert len(components) == 1
