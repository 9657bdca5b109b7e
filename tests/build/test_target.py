"""A target as commands see it: which it is, how it stands, and what it does to a build."""

from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from pipeline.api.environments import EnvironmentRef
from pipeline.api.sessions import TrainingSession
from pipeline.build import build_dataset
from pipeline.build.target import (
    format_for,
    known_target,
    priced,
    refuse_closed,
    resolve_session,
    resolve_target,
)
from pipeline.errors import GateRefused, UsageError
from pipeline.spec import BuildSpec, RunSpec, SampleSpec, SourceSpec, TargetSpec

TODAY = date(2026, 11, 26)
OPENAI = ("openai",)
Writer = Callable[[Sequence[dict[str, Any]], str], Path]


def session(provider: str | None, model: str) -> TrainingSession:
    environment = EnvironmentRef("e" * 24, "there", provider)
    return TrainingSession(
        id="5" * 24, project="p", name="mail", env=environment, model=model, status="created"
    )


def test_no_target_is_none() -> None:
    assert resolve_target(TargetSpec(), OPENAI, TODAY) is None
    assert known_target(TargetSpec(epochs=3), OPENAI) is None


def test_a_model_finds_its_provider_and_is_told_when_it_closes() -> None:
    found = resolve_target(TargetSpec(model="gpt-4.1-mini"), OPENAI, TODAY)
    assert found is not None
    assert found.target.provider is not None
    assert found.target.provider.name == "openai"
    assert found.closed is None
    closes, newcomers, retires = found.warnings
    assert closes == (
        "gpt-4.1-mini at OpenAI takes no new jobs from 2027-01-06 on, in 41 days "
        "(https://developers.openai.com/api/docs/deprecations, read 2026-11-26, in a copy)"
    )
    assert "since 2026-05-07 only of those who have trained there before" in newcomers
    assert "gives no answers from 2027-01-14 on, in 49 days" in retires


def test_a_closed_one_is_refused_unless_that_is_allowed() -> None:
    found = resolve_target(TargetSpec(model="gpt-4.1-mini"), OPENAI, date(2027, 1, 6))
    assert found is not None
    assert found.closed is not None
    with pytest.raises(GateRefused, match=r"takes no new jobs since 2027-01-06 .*--allow-closed"):
        refuse_closed(found, allow=False)
    assert refuse_closed(found, allow=True)[0] == found.closed


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (TargetSpec(model="command-r"), "Cohere takes no new jobs since 2025-09-15"),
        (TargetSpec(model="mistral-small-latest"), "is deprecated and takes no new jobs"),
        (TargetSpec(model="gemini-2.5-flash"), "gives no answers since 2026-10-20"),
    ],
)
def test_why_one_is_closed(spec: TargetSpec, said: str) -> None:
    found = resolve_target(spec, OPENAI, TODAY)
    assert found is not None
    assert found.closed is not None
    assert said in found.closed


def test_one_that_has_not_opened_is_closed(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text("[providers.togetherai]\nopens = 2027-01-01\n")
    spec = TargetSpec(provider="togetherai", model="Qwen/Qwen3.5-9B", catalog=str(own))
    found = resolve_target(spec, ("together",), TODAY)
    assert found is not None
    assert (
        found.closed
        == "Qwen/Qwen3.5-9B at Together AI takes new jobs only from 2027-01-01 on (own.toml)"
    )


def test_formats_that_it_does_not_take_are_told() -> None:
    spec = TargetSpec(provider="togetherai", model="Qwen/Qwen3.5-9B")
    found = resolve_target(spec, OPENAI, TODAY)
    assert found is not None
    assert found.warnings == ("Together AI takes together, together-dpo, not openai",)
    fitting = resolve_target(spec, ("openai", "together"), TODAY)
    assert fitting is not None
    assert fitting.warnings == ()


def test_what_the_catalog_does_not_know_is_told_and_no_error() -> None:
    found = resolve_target(TargetSpec(model="some-model"), OPENAI, TODAY)
    assert found is not None
    assert found.standing.state == "unknown"
    assert found.warnings == (
        "some-model: the catalog does not know it: no dates, limits or prices",
    )
    strange = resolve_target(TargetSpec(provider="fireworks", model="llama"), OPENAI, TODAY)
    assert strange is not None
    assert "the catalog does not have the model" in strange.warnings[0]


def test_a_provider_that_there_is_not_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"target\.provider: the catalog has no 'opnai'; it has"):
        known_target(TargetSpec(provider="opnai"), OPENAI)


def test_a_model_of_several_providers_needs_one_of_them() -> None:
    with pytest.raises(UsageError, match="is trained by openai and azure_openai; say which"):
        known_target(TargetSpec(model="gpt-4.1-mini"), ("gemini",))


def test_the_session_says_what_the_spec_does_not() -> None:
    mail = session("openai", "gpt-4.1-mini")
    found = resolve_session(TargetSpec(), mail, OPENAI, TODAY)
    assert (found.standing.state, found.standing.days_left) == ("closing", 41)
    azure = resolve_session(TargetSpec(provider="azure_openai"), mail, OPENAI, TODAY)
    assert (azure.standing.state, azure.target.row) == ("open", "gpt-4.1-mini*")
    named = resolve_session(TargetSpec(model="command-r"), mail, OPENAI, TODAY)
    assert named.standing.state == "closed"
    unknown = resolve_session(TargetSpec(), session("groq", "x"), OPENAI, TODAY)
    assert unknown.standing.state == "unknown"
    assert unknown.closed is None


def spec_of(tmp_path: Path, runs: Path, **target: Any) -> BuildSpec:
    return BuildSpec(
        source=SourceSpec(runs=(str(runs),)),
        run=RunSpec(work_dir=str(tmp_path / "work"), workers=1),
        target=TargetSpec(**target),
    )


def test_the_manifest_says_what_a_training_would_cost(
    tmp_path: Path, runs: list[dict[str, Any]], write_runs: Writer
) -> None:
    spec = spec_of(tmp_path, write_runs(runs, "r.jsonl"), model="gpt-4.1-mini")
    manifest = build_dataset(spec).manifest
    cost = manifest.training
    assert cost is not None
    assert cost.examples.likely == manifest.splits["train"]
    assert cost.tokens.likely == manifest.tokens["train"]
    assert cost.epochs.likely == 3
    assert cost.cost is not None
    assert cost.cost.likely == pytest.approx(manifest.tokens["train"] * 3 * 5 / 1e6)
    again = build_dataset(spec)
    assert again.unchanged
    assert again.manifest.training == cost
    assert again.summary()["estimate"]["cost"]["likely"] == cost.cost.likely


def test_without_a_model_there_is_no_cost_and_the_id_is_what_it_was(
    tmp_path: Path, runs: list[dict[str, Any]], write_runs: Writer
) -> None:
    path = write_runs(runs, "r.jsonl")
    plain = build_dataset(spec_of(tmp_path, path))
    assert plain.manifest.training is None
    assert plain.summary()["estimate"] is None
    assert build_dataset(spec_of(tmp_path, path, epochs=2)).build_id == plain.build_id


def test_another_price_is_another_manifest_and_another_date_is_not(
    tmp_path: Path, runs: list[dict[str, Any]], write_runs: Writer
) -> None:
    path = write_runs(runs, "r.jsonl")
    own = tmp_path / "own.toml"
    price = (
        '[providers.openai.models."gpt-4.1-mini-2025-04-14"]\nprices = [{ per_million = 9.0 }]\n'
    )

    def build(**target: Any) -> Any:
        return build_dataset(spec_of(tmp_path, path, model="gpt-4.1-mini", **target))

    shipped = build()
    own.write_text("[providers.openai]\ncloses = 2031-01-01\n")
    assert build(catalog=str(own)).build_id == shipped.build_id
    own.write_text(price)
    dearer = build(catalog=str(own))
    assert dearer.build_id != shipped.build_id
    assert dearer.manifest.training.price_per_million == 9.0
    assert build(epochs=2).build_id not in (shipped.build_id, dearer.build_id)


def test_a_sum_of_money_takes_its_price_from_the_catalog() -> None:
    spec = BuildSpec(
        sample=SampleSpec(max_cost=6.0), target=TargetSpec(model="gpt-4.1-mini", epochs=2)
    )
    sample = priced(spec).sample
    assert (sample.price_per_million_tokens, sample.epochs) == (5.0, 2)
    assert sample.tokens_for_cost() == 600_000
    auto = priced(replace(spec, target=TargetSpec(model="gpt-4.1-mini"))).sample
    assert auto.epochs == 3
    together = TargetSpec(provider="togetherai", model="Qwen/Qwen3.5-9B")
    assert priced(replace(spec, target=together)).sample.epochs == 1
    own = SampleSpec(max_cost=6.0, price_per_million_tokens=2.0)
    assert priced(replace(spec, sample=own)).sample == own
    assert priced(BuildSpec()) == BuildSpec()


def test_a_sum_of_money_without_a_price_is_a_usage_error(tmp_path: Path) -> None:
    sample = SampleSpec(max_cost=6.0)
    azure = TargetSpec(provider="azure_openai", model="gpt-4.1-mini")
    with pytest.raises(UsageError, match=r"sample\.max_cost: the catalog has no price of gpt-4\.1"):
        priced(BuildSpec(sample=sample, target=azure))
    own = tmp_path / "own.toml"
    own.write_text('[providers.azure_openai]\nprices = [{ per_million = 2.0, currency = "EUR" }]\n')
    euros = replace(azure, catalog=str(own))
    with pytest.raises(UsageError, match=r"the price of gpt-4\.1-mini at Azure .* in EUR"):
        priced(BuildSpec(sample=sample, target=euros))


def test_a_sum_that_few_examples_overrun_is_said(
    tmp_path: Path, runs: list[dict[str, Any]], write_runs: Writer
) -> None:
    spec = spec_of(tmp_path, write_runs(runs, "r.jsonl"), model="gpt-4.1-mini")
    tokens = 45 * 12
    few = replace(spec, sample=SampleSpec(max_cost=tokens * 3 * 5 / 1e6))
    cost = build_dataset(few).manifest.training
    assert cost is not None
    assert cost.epochs.likely > 3
    assert "more than sample.max_cost" in cost.notes[-1]


@pytest.mark.parametrize(
    ("provider", "formats", "taken"),
    [
        ("test", ("openai",), "openai"),
        ("test", ("gemini", "openai"), "openai"),
        ("azure_openai", ("openai", "azure"), "openai"),
        ("bedrock", ("openai", "bedrock-claude", "bedrock-nova"), "bedrock-claude"),
        ("nobody", ("gemini", "openai"), "gemini"),
        (None, ("gemini",), "gemini"),
    ],
)
def test_the_session_gets_a_format_that_its_provider_takes(
    provider: str | None, formats: tuple[str, ...], taken: str
) -> None:
    assert format_for(TargetSpec(), session(provider, "m"), formats) == taken


def test_no_format_that_the_provider_takes_is_a_gate() -> None:
    said = "trains on gemini or gemini-preference, not on openai; build with --format gemini"
    with pytest.raises(GateRefused, match=said):
        format_for(TargetSpec(), session("vertexai", "m"), ("openai",))
