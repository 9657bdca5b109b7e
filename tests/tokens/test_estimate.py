"""The estimate is as far off as it is said to be, on texts that its weights were not made from."""

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.tokens import counter_for

MADE_UP = Path(__file__).parents[2] / "benchmarks" / "token_texts.toml"
ESTIMATE = counter_for(None, "openai", counting="estimate")


@pytest.fixture
def errors() -> dict[str, float]:
    """Of every made-up text, the estimate against o200k_base."""
    texts = tomllib.loads(MADE_UP.read_text(encoding="utf-8"))
    counted = counter_for("gpt-4.1", "openai").count_texts([*texts.values()])
    told = ESTIMATE.count_texts([*texts.values()])
    return {name: one / other - 1 for name, one, other in zip(texts, told, counted, strict=True)}


def test_the_mean_error_on_made_up_texts_is_under_a_tenth(errors: dict[str, float]) -> None:
    assert len(errors) >= 35
    assert sum(map(abs, errors.values())) / len(errors) < 0.1


def test_no_language_and_no_code_is_more_than_three_tenths_off(errors: dict[str, float]) -> None:
    assert {name: error for name, error in errors.items() if abs(error) > 0.3} == {}


@given(st.text(st.characters()))
def test_any_text_has_a_token_at_least_and_four_a_byte_at_most(text: str) -> None:
    (tokens,) = ESTIMATE.count_texts([text])
    assert (tokens > 0) == bool(text)
    assert tokens <= 4 * len(text.encode("utf-8", "surrogatepass"))


@given(st.lists(st.text(max_size=30), max_size=5))
def test_a_text_is_estimated_by_itself(texts: list[str]) -> None:
    assert ESTIMATE.count_texts(texts) == [ESTIMATE.count_texts([one])[0] for one in texts]
