"""Same input, another answer: what each policy keeps, what is preferred, how far answers agree."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from pipeline.build import BuildResult, build_dataset
from pipeline.manifest import AnswerAgreement
from pipeline.spec import load_spec

Runs = list[dict[str, Any]]
Writer = Callable[[Sequence[dict[str, Any]], str], Path]
ASKED = "the lamp with the green shade arrived broken and the box was wet, what now"


def asked_again(runs: Runs) -> Runs:
    """Five runs of one mail: three say "late", one of the others has the best score."""
    first = runs[0]
    prompt = [first["prompt"][0], {"role": "user", "content": f"Mail:\n{ASKED}"}]
    facts: list[tuple[str, dict[str, Any]]] = [
        ("late", {"score": 0.2}),
        ("late", {}),
        ("damage", {"score": 0.9}),
        ("return", {"score": 0.1}),
        ("late", {"selected": True}),
    ]
    more = [
        first
        | {
            "id": f"{0xA0 + at:024x}",
            "prompt": prompt,
            "parameters": {"mail": ASKED},
            "result": {"label": label},
            "evaluation": evaluation,
        }
        for at, (label, evaluation) in enumerate(facts)
    ]
    return [*runs, *more]


def build(runs: Runs, write_runs: Writer, folder: Path, policy: str) -> BuildResult:
    words = {
        "source.runs": (str(write_runs(asked_again(runs), "runs.jsonl")),),
        "run.work_dir": str(folder),
        "run.workers": 1,
        "dedupe.conflicts": policy,
    }
    return build_dataset(load_spec(None, environ={}, overrides=words))


def fates(result: BuildResult) -> list[str | None]:
    rows = {row["run_id"]: row for row in pq.read_table(result.path / "ledger.parquet").to_pylist()}
    return [rows[f"{0xA0 + at:024x}"]["code"] for at in range(5)]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("best", ["conflict", "conflict", None, "conflict", "conflict"]),
        ("majority", [None, "exact_duplicate", "conflict", "conflict", "exact_duplicate"]),
        ("keep", [None, "exact_duplicate", None, None, "exact_duplicate"]),
        ("drop", ["conflict", "exact_duplicate", "conflict", "conflict", "exact_duplicate"]),
        ("pairs", ["conflict", "conflict", None, "conflict", "conflict"]),
    ],
)
def test_each_policy_keeps_what_it_says(
    runs: Runs, write_runs: Writer, tmp_path: Path, policy: str, expected: list[str | None]
) -> None:
    result = build(runs, write_runs, tmp_path / "work", policy)
    assert fates(result) == expected
    assert result.manifest.agreement[0].disputed == 2  # the other one is among the runs


def test_a_mediators_choice_counts_where_no_score_does(
    runs: Runs, write_runs: Writer, tmp_path: Path
) -> None:
    plain = [run | {"evaluation": {"score": 0.5}} for run in asked_again(runs)[-5:]]
    plain[3]["evaluation"] = {"score": 0.5, "selected": True}
    path = write_runs([*runs, *plain], "selected.jsonl")
    words = {"source.runs": (str(path),), "run.work_dir": str(tmp_path / "w"), "run.workers": 1}
    result = build_dataset(load_spec(None, environ={}, overrides=words))
    assert fates(result) == ["conflict", "conflict", "conflict", None, "conflict"]


def test_preferences_are_written_with_what_they_rest_on(
    runs: Runs, write_runs: Writer, tmp_path: Path
) -> None:
    result = build(runs, write_runs, tmp_path / "work", "pairs")
    pairs = pq.read_table(result.path / "4-dedupe" / "pairs.parquet").to_pylist()
    told = [
        (pair["chosen_run_id"], pair["rejected_run_id"], pair["preferred_by"]) for pair in pairs
    ]
    best = f"{0xA2:024x}"
    assert told == [(best, f"{0xA0:024x}", "score"), (best, f"{0xA3:024x}", "score")]
    assert {pair["similarity"] for pair in pairs} == {1.0}


def test_the_manifest_says_how_far_answers_agree(
    runs: Runs, write_runs: Writer, tmp_path: Path
) -> None:
    told = build(runs, write_runs, tmp_path / "work", "majority").manifest.agreement
    before = build_dataset(
        load_spec(
            None,
            environ={},
            overrides={
                "source.runs": (str(write_runs(runs, "plain.jsonl")),),
                "run.work_dir": str(tmp_path / "plain"),
                "run.workers": 1,
            },
        )
    ).manifest.agreement
    (one,), (other,) = told, before or (AnswerAgreement(told[0].interaction, 0, 0, 0, 0),)
    assert (one.runs - other.runs, one.agreeing - other.agreeing) == (5, 3)
    assert one.asked_again - other.asked_again == 1
