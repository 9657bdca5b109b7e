"""Datasets of preferences: which pairs make a line, in which split, and that verify redoes it."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.build import BuildResult, build_dataset
from pipeline.build.telling.life import explain_run
from pipeline.build.verify import Verification, verify_folder
from pipeline.errors import UsageError
from pipeline.formats import get_format
from pipeline.manifest import Preferences
from pipeline.spec import load_spec
from tests.build.test_conflicts import ASKED, asked_again

Runs = list[dict[str, Any]]
Writer = Callable[[Sequence[dict[str, Any]], str], Path]
BEST, LATE, RETURNED = (f"{at:024x}" for at in (0xA2, 0xA0, 0xA3))


@pytest.fixture(name="made")
def fixture_made(runs: Runs, write_runs: Writer, tmp_path: Path) -> Callable[..., BuildResult]:
    def make(more: Runs | None = None, **words: Any) -> BuildResult:
        path = write_runs([*asked_again(runs), *(more or [])], "runs.jsonl")
        said = {
            "source.runs": (str(path),),
            "run.work_dir": str(tmp_path / "work"),
            "run.workers": 1,
            "formats": ("openai", "openai-dpo"),
        }
        return build_dataset(load_spec(None, environ={}, overrides={**said, **words}))

    return make


def lines(result: BuildResult, name: str = "openai-dpo") -> list[tuple[str, dict[str, Any]]]:
    return [
        (split, json.loads(line))
        for split, path in result.files.get(name, {}).items()
        for line in Path(path).read_text(encoding="utf-8").splitlines()
    ]


def table(result: BuildResult, name: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(
        result.dataset / "openai-dpo" / f"{name}.parquet"
    ).to_pylist()
    return rows


def test_each_pair_is_a_line_in_the_split_of_the_preferred_run(
    made: Callable[..., BuildResult],
) -> None:
    result = made()
    (split, first), (_, second) = lines(result)
    ledger = pq.read_table(result.path / "ledger.parquet").to_pylist()
    assert {row["run_id"]: row["split"] for row in ledger}[BEST] == split
    assert first["input"]["messages"][-1] == {"role": "user", "content": f"Mail:\n{ASKED}"}
    assert first["preferred_output"] == second["preferred_output"]
    assert json.loads(first["preferred_output"][0]["content"]) == {"label": "damage"}
    others = [one["non_preferred_output"][0]["content"] for one in (first, second)]
    assert sorted(json.loads(one)["label"] for one in others) == ["late", "return"]
    listed = {
        (row["run_id"], row["rejected_run_id"], row["line"]) for row in table(result, "lines")
    }
    assert {(chosen, rejected) for chosen, rejected, _ in listed} == {
        (BEST, LATE),
        (BEST, RETURNED),
    }
    assert table(result, "left_out") == []
    assert result.manifest.preferences == {
        "openai-dpo": Preferences(pairs=2, lines={split: 2}, left_out={})
    }


def test_what_was_kept_is_what_the_default_keeps(made: Callable[..., BuildResult]) -> None:
    result = made()
    plain = made(formats=("openai",))
    assert result.manifest.tally == plain.manifest.tally
    assert lines(result, "openai") == lines(plain, "openai")
    assert plain.manifest.preferences == {}


def test_preferences_alone_may_be_asked_for(made: Callable[..., BuildResult]) -> None:
    result = made(formats=("openai-dpo",))
    assert set(result.files) == {"openai-dpo"}
    assert len(lines(result)) == 2
    assert verify_folder(result.path, workers=1).holds


def alike(runs: Runs) -> dict[str, Any]:
    """A run whose input is alike to that of the five, and not equal; its answer is another."""
    prompt = [runs[0]["prompt"][0], {"role": "user", "content": f"Mail:\n{ASKED}?"}]
    facts = {"id": f"{0xB0:024x}", "prompt": prompt, "parameters": {"mail": f"{ASKED}?"}}
    return runs[0] | facts | {"result": {"label": "wrong_item"}, "evaluation": {"score": 0.05}}


def test_an_answer_to_another_input_is_left_out_with_its_reason(
    made: Callable[..., BuildResult], runs: Runs
) -> None:
    result = made([alike(runs)])
    (left,) = table(result, "left_out")
    assert (left["chosen_run_id"], left["rejected_run_id"]) == (BEST, f"{0xB0:024x}")
    assert left["code"] == "other_input"
    assert "alike, not equal" in left["detail"]
    assert len(lines(result)) == 2
    told = result.manifest.preferences["openai-dpo"]
    assert (told.pairs, told.left_out) == (3, {"other_input": 1})
    asked = {"dedupe.pair_inputs": "alike"}
    assert len(lines(made([alike(runs)], **asked))) == 3


def test_the_same_two_records_make_one_line(made: Callable[..., BuildResult], runs: Runs) -> None:
    again = next(run for run in asked_again(runs) if run["id"] == RETURNED)
    result = made([again | {"id": f"{0xB1:024x}"}])
    assert [left["code"] for left in table(result, "left_out")] == ["same_pair"]
    assert len(lines(result)) == 2


def test_a_pair_whose_preferred_run_was_not_taken_is_left_out(
    made: Callable[..., BuildResult],
) -> None:
    result = made(**{"sample.max_records": 1, "sample.salt": "b"})
    ledger = {
        row["run_id"]: row for row in pq.read_table(result.path / "ledger.parquet").to_pylist()
    }
    assert ledger[BEST]["code"] == "over_budget"
    assert [left["code"] for left in table(result, "left_out")] == ["left", "left"]
    assert lines(result) == []
    assert verify_folder(result.path, workers=1).holds


@pytest.mark.parametrize("policy", ["keep", "drop", "majority"])
def test_another_policy_is_refused_with_a_sentence(
    made: Callable[..., BuildResult], policy: str
) -> None:
    with pytest.raises(
        UsageError, match=f'needs dedupe.conflicts = "pairs"; the spec says "{policy}'
    ):
        made(**{"dedupe.conflicts": policy})


def test_every_line_is_accepted_by_its_format(made: Callable[..., BuildResult]) -> None:
    form = get_format("openai-dpo")
    for path in made().files["openai-dpo"].values():
        assert all(form.check(line) == () for line in Path(path).read_bytes().splitlines())


def test_equal_runs_give_equal_bytes_whatever_the_workers(
    made: Callable[..., BuildResult], tmp_path: Path
) -> None:
    one = made()
    two = made(**{"run.work_dir": str(tmp_path / "other"), "run.workers": 2})
    assert one.build_id == two.build_id
    for file in one.manifest.files:
        assert (one.dataset / file.path).read_bytes() == (two.dataset / file.path).read_bytes()


def broken(found: Verification) -> set[str]:
    return {one.rule for check in found.checks for one in check.broken}


def test_verify_sees_a_line_that_is_not_its_pair(made: Callable[..., BuildResult]) -> None:
    result = made()
    assert verify_folder(result.path, workers=1).holds
    (path,) = result.files["openai-dpo"].values()
    text = Path(path).read_text(encoding="utf-8")
    Path(path).write_text(text.replace("damage", "nothing", 1), encoding="utf-8")
    assert "a line is not the record of its run" in broken(verify_folder(result.path, workers=1))


def test_verify_sees_a_pair_that_is_gone(made: Callable[..., BuildResult], runs: Runs) -> None:
    result = made([alike(runs)])
    path = result.dataset / "openai-dpo" / "left_out.parquet"
    pq.write_table(pq.read_table(path).slice(0, 0), path)
    found = broken(verify_folder(result.path, workers=1))
    assert "a pair is neither a line of openai-dpo nor left out" in found


def test_verify_sees_a_line_in_another_split(made: Callable[..., BuildResult]) -> None:
    result = made()
    path = result.path / "ledger.parquet"
    ledger = pq.read_table(path)
    sides = ["test" if split else None for split in ledger["split"].to_pylist()]
    at = ledger.schema.get_field_index("split")
    pq.write_table(ledger.set_column(at, ledger.schema.field(at), pa.array(sides)), path)
    found = broken(verify_folder(result.path, workers=1))
    assert "a preferred run of openai-dpo is not in the split of its line" in found


def test_explain_names_the_lines_of_both_sides(made: Callable[..., BuildResult]) -> None:
    result = made()
    (chosen,), (rejected,) = explain_run(result, BEST), explain_run(result, LATE)
    assert {line.file.split("/")[0] for line in chosen.lines} == {"openai", "openai-dpo"}
    assert not any(line.rejected for line in chosen.lines)
    (line,) = rejected.lines
    assert line.rejected
    assert line.file.startswith("openai-dpo/")
