"""What a build would make, told without making it."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pipeline.build import build_dataset
from pipeline.build.forecast.forecast import Forecast, forecast
from pipeline.build.forecast.looking import Looked
from pipeline.spec import (
    BuildSpec,
    DedupeSpec,
    RedactSpec,
    RunSpec,
    SampleSpec,
    SourceSpec,
    SplitSpec,
    TargetSpec,
)

TODAY = date(2026, 11, 26)
Runs = list[dict[str, Any]]
Writer = Callable[[Sequence[dict[str, Any]], str], Path]


@pytest.fixture(name="spec")
def fixture_spec(tmp_path: Path, runs: Runs, write_runs: Writer) -> BuildSpec:
    return BuildSpec(
        source=SourceSpec(runs=(str(write_runs(runs, "r.jsonl")),)),
        run=RunSpec(work_dir=str(tmp_path / "work"), workers=1),
        target=TargetSpec(model="gpt-4.1-mini"),
    )


def told(spec: BuildSpec, most: int = 1000) -> Forecast:
    return forecast(spec, TODAY, most=most)


def test_it_writes_nothing(spec: BuildSpec, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    told(spec)
    assert sorted(tmp_path.rglob("*")) == before


def test_all_runs_looked_at_leave_for_the_reasons_of_the_build(spec: BuildSpec) -> None:
    foretold = told(spec)
    manifest = build_dataset(spec).manifest
    assert foretold.build_id == manifest.build_id
    assert foretold.runs == foretold.looked_at == manifest.tally.pulled
    late = {"conflict"}
    assert foretold.rejected == {
        code: count for code, count in manifest.tally.rejected.items() if code not in late
    }
    kept = sum(one.likely for one in foretold.records.values())
    assert sum(one.low for one in foretold.records.values()) <= manifest.tally.kept <= kept


def test_a_finished_build_is_told_by_its_manifest(spec: BuildSpec) -> None:
    result = build_dataset(spec)
    foretold = told(spec)
    assert foretold.finished
    assert foretold.looked_at is None
    assert foretold.path == str(result.path)
    assert foretold.estimate == result.manifest.training
    counts = {split: one.likely for split, one in foretold.records.items()}
    assert counts == result.manifest.splits
    assert foretold.records["train"].low == foretold.records["train"].high


def test_another_word_is_another_build_and_not_finished(spec: BuildSpec) -> None:
    build_dataset(spec)
    assert not told(replace(spec, split=SplitSpec(salt="other"))).finished


def test_a_finished_build_without_a_model_is_priced_for_a_provider(spec: BuildSpec) -> None:
    build_dataset(replace(spec, target=TargetSpec()))
    own = told(replace(spec, target=TargetSpec(provider="test")))
    assert own.finished
    assert own.estimate is not None
    assert own.estimate.cost is None


@pytest.mark.parametrize("most", [10, 40])
def test_a_sample_s_range_holds_what_the_build_comes_to(spec: BuildSpec, most: int) -> None:
    foretold = told(spec, most)
    manifest = build_dataset(spec).manifest
    assert (foretold.looked_at, foretold.runs) == (most, manifest.tally.pulled)
    kept, tokens = manifest.tally.kept, sum(manifest.tokens.values())
    assert sum(one.low for one in foretold.records.values()) <= kept
    assert kept <= sum(one.high for one in foretold.records.values())
    assert sum(one.low for one in foretold.tokens.values()) <= tokens
    assert tokens <= sum(one.high for one in foretold.tokens.values())
    assert foretold.estimate is not None
    assert foretold.estimate.cost is not None
    assert manifest.training is not None
    assert manifest.training.cost is not None
    assert foretold.estimate.cost.low <= manifest.training.cost.likely
    assert manifest.training.cost.likely <= foretold.estimate.cost.high


def test_where_all_is_seen_and_nothing_near_leaves_there_is_no_range(spec: BuildSpec) -> None:
    sure = told(replace(spec, dedupe=DedupeSpec(near=False)))
    assert sure.records["train"].low == sure.records["train"].high


def test_budgets_of_the_sample_bound_it(spec: BuildSpec) -> None:
    few = told(replace(spec, sample=SampleSpec(max_records=20)))
    assert sum(one.high for one in few.records.values()) == pytest.approx(20)
    short = told(replace(spec, sample=SampleSpec(max_tokens=450)))
    assert sum(one.likely for one in short.tokens.values()) == pytest.approx(450)
    whole = told(spec)
    tokens, records = (
        sum(one.likely for one in spans.values()) for spans in (whole.tokens, whole.records)
    )
    fitting = sum(one.likely for one in short.records.values())
    assert fitting == pytest.approx(450 * records / tokens)


def test_limits_that_it_would_not_keep_are_told(
    spec: BuildSpec, runs: Runs, write_runs: Writer
) -> None:
    few = replace(spec, source=SourceSpec(runs=(str(write_runs(runs[:8], "few.jsonl")),)))
    said = told(few).warnings
    assert "about 7 training examples, a openai training needs at least 10" in said
    assert "about 7 training examples, openai needs at least 10" in said
    nova = TargetSpec(provider="bedrock", model="amazon.nova-2-lite-v1:0")
    assert any(
        "bedrock needs at least 200" in one for one in told(replace(spec, target=nova)).warnings
    )


def test_too_much_for_a_target_is_told(spec: BuildSpec, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        "[providers.house]\ntitle = 'H'\nformats = ['openai']\n"
        "max_examples = 20\nmax_file_bytes = 500\n"
    )
    said = told(replace(spec, target=TargetSpec(provider="house", catalog=str(own)))).warnings
    assert any("house takes at most 20" in one for one in said)
    assert any("bytes, house takes at most 500" in one for one in said)


def test_the_target_s_standing_is_in_it(spec: BuildSpec) -> None:
    foretold = told(spec)
    assert foretold.target is not None
    assert (foretold.target.state, foretold.target.days_left) == ("closing", 41)
    assert foretold.target.limits["min_examples"] == 10
    assert any("takes no new jobs from 2027-01-06 on" in one for one in foretold.warnings)
    none = told(replace(spec, target=TargetSpec()))
    assert none.target is None
    assert none.estimate is None
    closed = told(replace(spec, target=TargetSpec(model="command-r")))
    assert any("Cohere takes no new jobs since" in one for one in closed.warnings)


def test_the_stages_are_told_with_what_the_spec_says(spec: BuildSpec) -> None:
    said = replace(
        spec, dedupe=DedupeSpec(threshold=0.9), redact=RedactSpec(default="mask", key="hush")
    )
    stages = {one.stage: one for one in told(said).stages}
    assert list(stages) == ["pull", "normalize", "validate", "dedupe", "sample", "split", "write"]
    assert stages["dedupe"].changed == {"dedupe.threshold": 0.9}
    assert stages["dedupe"].words["dedupe"]["best_of"] == 1
    assert stages["split"].changed == {}
    assert stages["normalize"].changed["redact.default"] == "mask"
    assert "hush" not in str(stages)


def test_preferences_are_not_reckoned_before_they_are_made(spec: BuildSpec) -> None:
    foretold = told(replace(spec, formats=("openai-dpo",)))
    assert foretold.estimate is None
    assert "how many preferences there are, and what they cost, only a build can tell" in (
        foretold.warnings
    )


def test_the_files_are_told_with_their_bytes(spec: BuildSpec) -> None:
    (file,) = told(spec).source["files"]
    assert file["name"] == "r.jsonl"
    assert file["bytes"] == Path(spec.source.runs[0]).stat().st_size


@given(st.integers(1, 2000), st.integers(0, 2000), st.integers(0, 100_000))
def test_a_share_lies_in_its_range(runs: int, kept: int, others: int) -> None:
    kept = min(runs, kept)
    looked = Looked(runs=runs, of=runs + others)
    for number in range(kept):
        looked.add(str(number), 10 + number % 7, 100)
    share, each = looked.share(), looked.tokens_each()
    assert 0 <= share.low <= share.likely <= share.high <= 1
    assert share.likely == kept / runs
    assert (share.low == share.high) == (others == 0)
    assert 0 <= each.low <= each.likely <= each.high
