"""Epochs and money."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.manifest import Span
from pipeline.trainers import Target, find_target, load_catalog
from pipeline.trainers.cost import estimate_cost, openai_epochs, span_of_epochs, tokens_for
from pipeline.trainers.facts import EpochRule, Price

ZERO = Span(0.0, 0.0, 0.0)


def exactly(figure: float) -> Span:
    return Span(figure, figure, figure)


def target(provider: str, model: str) -> Target:
    return find_target(load_catalog(), provider, model)


@pytest.mark.parametrize(
    ("examples", "epochs"),
    [
        (1, 25), (4, 25), (5, 20), (10, 10), (33, 3), (34, 3), (100, 3), (8333, 3), (8334, 2),
        (12_500, 2), (12_501, 1), (25_000, 1), (1_000_000, 1), (0, 25),
    ],
)  # fmt: skip
def test_openai_s_epochs_are_those_of_its_cookbook(examples: int, epochs: int) -> None:
    assert openai_epochs(examples) == epochs


@given(st.integers(1, 200_000))
def test_openai_goes_through_a_file_between_once_and_25_times(examples: int) -> None:
    epochs = openai_epochs(examples)
    assert 1 <= epochs <= 25
    assert examples * epochs <= 25_000 or epochs == 1
    assert openai_epochs(examples + 1) <= epochs or examples * epochs < 100


def test_epochs_that_are_asked_for_are_taken() -> None:
    rule = EpochRule("openai", "x")
    assert span_of_epochs(rule, 7, exactly(50)) == exactly(7)
    assert span_of_epochs(None, 1, exactly(50)) == exactly(1)


def test_a_rule_that_nobody_knows_is_a_range() -> None:
    assert span_of_epochs(None, "auto", exactly(50)) == Span(3, 1, 5)
    assert span_of_epochs(EpochRule("unknown", "x"), "auto", exactly(50)) == Span(3, 1, 5)
    narrow = EpochRule("unknown", "x", least=1, most=2)
    assert span_of_epochs(narrow, "auto", exactly(50)) == Span(2, 1, 2)
    fixed = EpochRule("fixed", "x", default=2, most=5)
    assert span_of_epochs(fixed, "auto", exactly(50)) == exactly(2)


def test_a_cost_is_tokens_times_epochs_times_price() -> None:
    found = estimate_cost(
        target("openai", "gpt-4.1-mini"),
        "sft",
        examples=exactly(200),
        tokens=exactly(100_000),
        validation=exactly(50_000),
        asked="auto",
    )
    assert found.epochs == exactly(3)
    assert found.billed == exactly(300_000)
    assert found.cost == exactly(1.5)
    assert (found.provider, found.model, found.currency) == ("openai", "gpt-4.1-mini", "USD")
    assert found.notes == ()
    assert [one.fact for one in found.sources] == ["price", "epochs"]
    assert found.sources[0].page == "https://developers.openai.com/api/docs/pricing"
    assert found.sources[0].confidence == "mirror"


def test_together_bills_validation_and_has_a_minimum() -> None:
    qwen = target("togetherai", "Qwen/Qwen3.5-9B")
    small = estimate_cost(
        qwen, "sft", examples=exactly(200), tokens=exactly(1e6), validation=ZERO, asked=2
    )
    assert small.cost == exactly(4.0)
    big = estimate_cost(
        qwen, "sft", examples=exactly(9000), tokens=exactly(1e8), validation=exactly(1e7), asked=2
    )
    assert big.billed == Span(2.2e8, 2e8, 2.2e8)
    assert big.cost is not None
    assert big.cost.likely == pytest.approx(74.8)
    assert big.cost.low == pytest.approx(68.0)
    assert "tokens of the validation file cost too, reckoned once an epoch" in big.notes


def test_what_is_not_sure_is_said() -> None:
    words = {
        "examples": exactly(200),
        "tokens": exactly(1e6),
        "validation": ZERO,
        "asked": "auto",
    }
    gemini = estimate_cost(target("vertexai", "gemini-2.5-flash"), "sft", **words)  # type: ignore[arg-type]
    assert gemini.notes == (
        "the price is not from the provider's own page",
        "how many epochs the provider chooses is not known",
    )
    assert gemini.cost == Span(15.0, 5.0, 25.0)
    azure = estimate_cost(target("azure_openai", "gpt-4.1-mini"), "sft", **words)  # type: ignore[arg-type]
    assert azure.cost is None
    assert azure.notes[0] == "no price is known"
    nobody = estimate_cost(target("nobody", "x"), "sft", **words)  # type: ignore[arg-type]
    assert nobody.notes[0] == "the catalog has no such target"
    llama = target("fireworks", "accounts/fireworks/models/llama-v3p1-8b-instruct")
    fireworks = estimate_cost(llama, "sft", **words)  # type: ignore[arg-type]
    assert "the price is that of 8 billion parameters" in fireworks.notes
    assert "the price is that of LoRA" in fireworks.notes


def test_more_than_a_job_takes_is_said() -> None:
    found = estimate_cost(
        target("azure_openai", "gpt-4.1-mini"),
        "sft",
        examples=exactly(9e5),
        tokens=exactly(1e9),
        validation=ZERO,
        asked=3,
    )
    assert "a job takes at most 2,000,000,000 tokens, epochs counted" in found.notes
    nova = estimate_cost(
        target("bedrock", "amazon.nova-lite-v1:0"),
        "sft",
        examples=exactly(100),
        tokens=exactly(1e5),
        validation=ZERO,
        asked=6,
    )
    assert "a job takes at most 5 epochs" in nova.notes


@given(
    low=st.integers(1, 30_000),
    more=st.integers(0, 30_000),
    at=st.floats(0, 1),
    each=st.floats(1, 5000),
)
def test_the_range_holds_whatever_number_of_examples_it_turns_out_to_be(
    low: int, more: int, at: float, each: float
) -> None:
    high, count = low + more, low + round(more * at)
    found = estimate_cost(
        target("openai", "gpt-4.1"),
        "sft",
        examples=Span(high, low, high),
        tokens=Span(high * each, low * each, high * each),
        validation=ZERO,
        asked="auto",
    )
    true = count * openai_epochs(count) * each
    assert found.billed.low <= true * (1 + 1e-9)
    assert found.billed.high >= true * (1 - 1e-9)
    assert found.cost is not None
    assert found.cost.low <= found.cost.likely <= found.cost.high


def test_how_many_tokens_a_sum_pays_for() -> None:
    assert tokens_for(6.0, Price(2.0, "x"), 3) == 1_000_000


def test_a_price_of_a_user_s_file_is_used(tmp_path: Path) -> None:
    path = tmp_path / "own.toml"
    path.write_text('[providers.openai.models."gpt-4.1*"]\nprices = [{ per_million = 10.0 }]\n')
    own = find_target(load_catalog(path), "openai", "gpt-4.1-experimental")
    found = estimate_cost(
        own, "sft", examples=exactly(200), tokens=exactly(1e6), validation=ZERO, asked=1
    )
    assert found.cost == exactly(10.0)
    assert found.sources[0].page == "own.toml"
    assert found.sources[0].confidence == "own"
