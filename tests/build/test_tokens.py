"""Tokens in whole builds: counted for the target, told in ledger, manifest and plan, verified."""

import json
import math
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec import structs

from pipeline.build import BuildResult, build_dataset
from pipeline.build.dividing import counting
from pipeline.build.dividing.counting import NOT_COUNTED, Counted, Counting, lengths_by_split
from pipeline.build.forecast.forecast import forecast
from pipeline.build.ledger_file import Shelves, write_ledger
from pipeline.build.verify import Verification, verify_folder
from pipeline.digests import decode_record
from pipeline.manifest import TokenCounting, TokenLengths, read_manifest, write_manifest
from pipeline.spec import BuildSpec, load_spec
from pipeline.storage import LocalStore
from pipeline.tokens import TokenCounter, counter_for

Runs = list[dict[str, Any]]
Writer = Callable[..., Path]
Row = dict[str, Any]
TUNED = "gpt-4.1-mini-2025-04-14"


@pytest.fixture
def file(runs: Runs, write_runs: Writer) -> Path:
    return write_runs(runs)


def spec_of(folder: Path, file: Path | str, **words: Any) -> BuildSpec:
    overrides = {name.replace("__", "."): value for name, value in words.items()}
    overrides |= {"source.runs": (str(file),), "run.work_dir": str(folder)}
    overrides.setdefault("run.workers", 1)
    return load_spec(None, environ={}, overrides=overrides)


def built(folder: Path, file: Path, **words: Any) -> BuildResult:
    return build_dataset(spec_of(folder / "work", file, **words))


def exactly(tokenizer: str) -> TokenCounting:
    return TokenCounting(tokenizer=tokenizer, exact=True, error=None, note=None)


def ledger(result: BuildResult) -> list[Row]:
    rows: list[Row] = pq.read_table(result.path / "ledger.parquet").to_pylist()
    return rows


def records(result: BuildResult) -> dict[str, bytes]:
    found: dict[str, bytes] = {}
    for path in sorted((result.path / "2-normalize").glob("part-*.parquet")):
        table = pq.read_table(path, columns=["run_id", "record"])
        found |= dict(zip(*(column.to_pylist() for column in table), strict=True))
    return found


def counted(result: BuildResult, counter: TokenCounter) -> dict[str, int]:
    return {run_id: counter.count(decode_record(one)) for run_id, one in records(result).items()}


def test_kept_runs_have_the_tokens_of_the_target_s_tokenizer(
    runs: Runs, write_runs: Writer, tmp_path: Path
) -> None:
    runs[0]["prompt"][1]["content"][0]["text"] += " Sie steht an der Haltestelle, уже давно."
    file = write_runs(runs)
    result = built(tmp_path, file, target__model="gpt-3.5-turbo")
    wanted = counted(result, counter_for("gpt-3.5-turbo", "openai"))
    kept = [row for row in ledger(result) if row["outcome"] == "kept"]
    assert {row["run_id"]: row["tokens"] for row in kept} == {
        row["run_id"]: wanted[row["run_id"]] for row in kept
    }
    assert result.manifest.counting == exactly("cl100k_base")
    other = built(tmp_path, file)
    assert other.build_id != result.build_id
    assert other.manifest.counting == exactly("o200k_base")
    assert other.manifest.tokens != result.manifest.tokens


def test_what_left_before_the_count_has_no_tokens(file: Path, tmp_path: Path) -> None:
    result = built(tmp_path, file, sample__max_records=20)
    stages = {row["stage"]: set() for row in ledger(result)}
    for row in ledger(result):
        stages[row["stage"]].add(row["tokens"] is not None)
    assert stages.pop("sample") == {True}
    assert stages.pop("write") == {True}
    assert {"dedupe", "normalize"} <= stages.keys()
    assert set.union(*stages.values()) == {False}


def test_the_run_s_own_figure_stays_on_the_second_shelf(file: Path, tmp_path: Path) -> None:
    result = built(tmp_path, file)
    for path in (result.path / "2-normalize").glob("part-*.parquet"):
        assert set(pq.read_table(path)["tokens"].to_pylist()) == {45}


def test_ledger_and_manifest_have_the_same_sums_and_lengths(file: Path, tmp_path: Path) -> None:
    result = built(tmp_path, file)
    manifest = result.manifest
    for split, count in manifest.splits.items():
        tokens = sorted(row["tokens"] for row in ledger(result) if row["split"] == split)
        assert (len(tokens), sum(tokens)) == (count, manifest.tokens[split])
        at = math.ceil(0.95 * count) - 1
        assert manifest.lengths[split] == TokenLengths(
            minimum=tokens[0],
            median=tokens[math.ceil(count / 2) - 1],
            p95=tokens[at],
            maximum=tokens[-1],
            trained=sum(tokens),
            over=None,
        )


def test_the_bytes_do_not_depend_on_the_workers(file: Path, tmp_path: Path) -> None:
    one = built(tmp_path / "one", file, run__workers=1)
    two = built(tmp_path / "two", file, run__workers=2)
    for name in ("ledger.parquet", "dataset/manifest.json"):
        assert (one.path / name).read_bytes() == (two.path / name).read_bytes()


def test_an_estimate_says_so_and_how_far_off_it_is(
    file: Path, tmp_path: Path, command: Callable[..., Any]
) -> None:
    result = built(tmp_path, file, target__counting="estimate")
    told = result.manifest.counting
    assert told is not None
    assert (told.tokenizer, told.exact, told.error) == ("characters", False, 0.17)
    words = tmp_path / "spec.toml"
    words.write_text('[target]\ncounting = "estimate"\n')
    for spec, said in (([str(words)], True), ([], False)):
        done = command("build", *spec, "--runs", file, "--work-dir", tmp_path / "other")
        assert done.returncode == 0, done.stderr
        assert ("estimated, 17% off on average: no tokenizer" in done.stderr) == said


def test_another_tokenizer_at_hand_is_another_build(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = built(tmp_path, file)
    guess = replace(counter_for(None, "openai"), exact=False, note="a guess")  # type: ignore[type-var]
    monkeypatch.setattr(counting, "counter_for", lambda *_, **__: guess)
    other = built(tmp_path, file)
    assert other.build_id != result.build_id
    assert other.manifest.spec == result.manifest.spec
    assert other.manifest.counting == structs.replace(
        exactly("o200k_base"), exact=False, note="a guess"
    )


CATALOG = """
[providers.openai.models."gpt-4.1-mini-2025-04-14"]
context = {context}
truncates = {truncates}
"""


@pytest.mark.parametrize("cuts", [True, False])
def test_examples_above_the_model_s_context_are_told(
    file: Path, tmp_path: Path, *, cuts: bool
) -> None:
    context = built(tmp_path, file).manifest.lengths["train"].median
    facts = tmp_path / "facts.toml"
    facts.write_text(CATALOG.format(context=context, truncates=str(cuts).lower()))
    words = {"target__model": TUNED, "target__provider": "openai", "target__catalog": str(facts)}
    result = built(tmp_path, file, **words)
    tokens = [row["tokens"] for row in ledger(result) if row["split"] == "train"]
    lengths = result.manifest.lengths["train"]
    assert lengths.over == sum(one > context for one in tokens) > 0
    assert lengths.trained == sum(min(one, context) if cuts else one for one in tokens)
    assert result.manifest.training is not None
    assert result.manifest.training.tokens.likely == lengths.trained
    assert verify_folder(result.path, workers=1).holds


def test_the_cost_of_estimated_tokens_has_the_estimate_s_range(file: Path, tmp_path: Path) -> None:
    words = {"target__model": TUNED, "target__provider": "openai"}
    exact = built(tmp_path, file, **words).manifest.training
    rough = built(tmp_path, file, **words, target__counting="estimate").manifest.training
    assert exact is not None
    assert rough is not None
    assert (exact.tokens.low, exact.tokens.high) == (exact.tokens.likely,) * 2
    assert rough.tokens.low == pytest.approx(0.83 * rough.tokens.likely)
    assert rough.tokens.high == pytest.approx(1.17 * rough.tokens.likely)


@pytest.mark.parametrize("how", ["auto", "estimate"])
def test_a_plan_counts_as_the_build_does(how: str, write_runs: Writer, tmp_path: Path) -> None:
    text = "The {} of order {} is not the one I had asked for."
    runs = [
        {"id": f"{at:024x}", "status": "completed", "result": "late",
         "prompt": [{"role": "user", "content": text.format("lamp" * (at % 5), at * 7919)}]}
        for at in range(40)
    ]  # fmt: skip
    spec = spec_of(tmp_path / "work", write_runs(runs), target__counting=how, dedupe__near=False)
    before = forecast(spec, date(2026, 11, 26))
    result = build_dataset(spec)
    after = forecast(spec, date(2026, 11, 26))
    assert (before.finished, after.finished) == (False, True)
    assert sum(one.likely for one in before.tokens.values()) == sum(result.manifest.tokens.values())
    error = {"auto": 0.0, "estimate": 0.17}[how]
    for told in (before, after):
        train = told.tokens["train"]
        assert train.low == pytest.approx(train.likely * (1 - error))
        assert train.high == pytest.approx(train.likely * (1 + error))


def broken(found: Verification) -> dict[str, list[str]]:
    return {
        check.check: [one.rule for one in check.broken] for check in found.checks if check.broken
    }


def miscount(result: BuildResult) -> None:
    """One token too many for the first kept run: on the shelf, in the ledger, in the manifest."""
    store = LocalStore(result.path)
    shelf = Shelves(store).divided
    table = shelf.read_part(0)
    row = table["split"].to_pylist().index("train")
    tokens = table["tokens"].to_pylist()
    tokens[row] += 1
    at = table.schema.get_field_index("tokens")
    shelf.write_part(0, table.set_column(at, "tokens", pa.array(tokens, pa.int64())))
    sums = write_ledger(store, Shelves(store))
    rows = ledger(result)
    of_split = {
        split: np.array([one["tokens"] for one in rows if one["split"] == split])
        for split in result.manifest.splits
    }
    manifest = result.manifest
    lengths = lengths_by_split(of_split, manifest.counting)
    path = result.path / "5-split" / "_manifest.json"
    facts = json.loads(path.read_bytes())
    facts["facts"]["lengths"] = {
        split: {name: getattr(one, name) for name in one.__struct_fields__}
        for split, one in lengths.items()
    }
    path.write_text(json.dumps(facts))
    changed = {"tokens": sums, "lengths": lengths}
    fields = {name: getattr(manifest, name) for name in manifest.__struct_fields__}
    write_manifest(result.dataset, type(manifest)(**(fields | changed)))


def test_verify_counts_again(file: Path, tmp_path: Path) -> None:
    result = built(tmp_path, file)
    assert broken(verify_folder(result.path, workers=1)) == {}
    miscount(result)
    found = verify_folder(result.path, workers=1)
    assert broken(found) == {"records": ["a record has not the tokens of the ledger"]}
    (check,) = (one for one in found.checks if one.check == "records")
    (example,) = check.broken[0].examples
    run_id, said = example.split(": ")
    count = counted(result, counter_for(None, "openai"))[run_id]
    assert said == f"{count}, {count + 1}"


def test_verify_says_where_it_has_not_the_tokenizer(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = built(tmp_path, file)
    guess = replace(counter_for(None, "openai"), name="elsewhere")  # type: ignore[type-var]
    monkeypatch.setattr(counting, "counter_for", lambda *_, **__: guess)
    found = verify_folder(result.path, workers=1)
    assert found.holds
    (check,) = (one for one in found.checks if one.check == "records")
    assert check.looked_at.endswith("tokens are not counted again: the tokenizer is not here")


def test_a_sum_or_a_length_that_was_changed_is_found(file: Path, tmp_path: Path) -> None:
    result = built(tmp_path, file)
    manifest = read_manifest(result.dataset)
    fields = {name: getattr(manifest, name) for name in manifest.__struct_fields__}
    train = manifest.lengths["train"]
    longer = TokenLengths(train.minimum, train.median, train.p95, 9_999, train.trained, None)
    changed = {"lengths": manifest.lengths | {"train": longer}}
    write_manifest(result.dataset, type(manifest)(**(fields | changed)))
    found = broken(verify_folder(result.path, workers=1))
    assert found["ledger"] == ["a sum is not the manifest's"]
    assert found["shelves"] == ["the dataset's manifest says another thing than a shelf's"]


@pytest.mark.parametrize(
    ("tokens", "wanted"),
    [
        ([7], (7, 7, 7, 7, 7, 0)),
        ([9, 1], (1, 1, 9, 9, 10, 0)),
        ([11, 10, 12], (10, 11, 12, 12, 30, 2)),
        (range(1, 101), (1, 50, 95, 100, 5050 - sum(range(91)), 90)),
    ],
)
def test_lengths_are_those_of_examples(tokens: Sequence[int], wanted: tuple[int, ...]) -> None:
    told = structs.replace(exactly("o200k_base"), context=10, cuts=True)
    lengths = lengths_by_split({"train": np.array(tokens), "test": np.empty(0, np.int64)}, told)
    assert lengths == {"train": TokenLengths(*wanted)}


def test_rows_that_were_not_counted_are_in_no_sum() -> None:
    tokens = np.array([5, NOT_COUNTED, 7, 9])
    facts = Counted(Counting(counter_for(None, "openai")), tokens).facts(
        np.array([0, 0, 1, 0], np.int8), np.array([True, False, True, False])
    )
    assert {split: one.trained for split, one in facts["lengths"].items()} == {
        "train": 5,
        "validation": 7,
    }


@pytest.mark.real
def test_the_real_runs_are_counted_and_estimated(tmp_path: Path) -> None:
    file = Path(os.environ["TRAINSET_REAL_RUNS"])
    result = built(tmp_path, file, run__workers=2)
    kept = [row for row in ledger(result) if row["outcome"] == "kept"]
    assert sum(row["tokens"] for row in kept) == sum(result.manifest.tokens.values())
    rough = built(tmp_path, file, run__workers=2, target__counting="estimate")
    exact, estimated = (sum(one.manifest.tokens.values()) for one in (result, rough))
    assert abs(estimated / exact - 1) < 0.1
