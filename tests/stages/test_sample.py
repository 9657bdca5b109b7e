"""Caps and budgets: how many, in which proportions, and that more of them only adds."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.dividing.sample import (
    OVER_BUDGET,
    OVER_CAP,
    TAKEN,
    Budget,
    SampleRows,
    take_sample,
)

UNBOUNDED = np.iinfo(np.int64).max
TEMPERATURES = st.sampled_from([1.0, 1.5, 3.0, 100.0])


def rows_of(interactions: list[int], tokens: list[int], seed: int = 0) -> SampleRows:
    turn = np.random.default_rng(seed).permutation(len(interactions))
    return SampleRows(np.array(interactions, np.int64), turn, np.array(tokens, np.int64))


@st.composite
def samples(draw: st.DrawFn) -> SampleRows:
    some = draw(st.lists(st.tuples(st.integers(0, 4), st.integers(1, 30)), min_size=1, max_size=60))
    interactions, tokens = zip(*some, strict=True)
    return rows_of(list(interactions), list(tokens), draw(st.integers(0, 9)))


def sizes(rows: SampleRows, code: np.typing.NDArray[np.int8]) -> list[int]:
    found: list[int] = np.bincount(rows.interaction[code == TAKEN], minlength=5).tolist()
    return found


def bounds(*caps: int) -> np.typing.NDArray[np.int64]:
    return np.array([*caps, *[UNBOUNDED] * 5][:5], np.int64)


@given(samples(), st.lists(st.integers(1, 20), min_size=5, max_size=5), TEMPERATURES)
def test_of_each_interaction_the_lowest_draws_are_taken(
    rows: SampleRows, caps: list[int], temperature: float
) -> None:
    code = take_sample(rows, bounds(*caps), Budget(17, 150, temperature))
    for interaction in range(5):
        inside = rows.interaction == interaction
        in_order = code[inside][np.argsort(rows.turn[inside])].tolist()
        ranked = [(TAKEN, OVER_BUDGET, OVER_CAP).index(one) for one in in_order]
        assert ranked == sorted(ranked)
        assert sum(one != OVER_CAP for one in in_order) == min(caps[interaction], len(in_order))


@given(samples(), st.lists(st.integers(1, 20), min_size=5, max_size=5), st.integers(0, 10))
def test_a_higher_cap_only_adds(rows: SampleRows, caps: list[int], more: int) -> None:
    few = take_sample(rows, bounds(*caps), Budget())
    many = take_sample(rows, bounds(*(cap + more for cap in caps)), Budget())
    assert set(np.flatnonzero(few == TAKEN)) <= set(np.flatnonzero(many == TAKEN))


@given(
    samples(),
    st.integers(1, 60),
    st.integers(1, 900),
    st.tuples(st.integers(0, 30), st.integers(0, 400)),
    TEMPERATURES,
)
def test_a_larger_budget_only_adds(
    rows: SampleRows, records: int, tokens: int, more: tuple[int, int], temperature: float
) -> None:
    few = take_sample(rows, bounds(8), Budget(records, tokens, temperature))
    wider = Budget(records + more[0], tokens + more[1], temperature)
    many = take_sample(rows, bounds(8), wider)
    taken = few == TAKEN
    assert set(np.flatnonzero(taken)) <= set(np.flatnonzero(many == TAKEN))
    assert np.count_nonzero(taken) <= records
    assert rows.tokens[taken].sum() <= tokens


@given(samples(), st.integers(1, 900), TEMPERATURES)
def test_the_order_of_the_rows_changes_nothing(
    rows: SampleRows, tokens: int, temperature: float
) -> None:
    budget = Budget(None, tokens, temperature)
    back = SampleRows(rows.interaction[::-1], rows.turn[::-1], rows.tokens[::-1])
    straight = take_sample(rows, bounds(3), budget)
    assert take_sample(back, bounds(3), budget)[::-1].tolist() == straight.tolist()


@given(samples(), st.integers(1, 60))
def test_at_temperature_one_the_proportions_stay(rows: SampleRows, records: int) -> None:
    code = take_sample(rows, bounds(), Budget(records))
    given = np.bincount(rows.interaction, minlength=5)
    asked = min(records, len(code))
    assert sum(sizes(rows, code)) == asked
    ideal = given * asked / len(code)
    assert max(abs(np.array(sizes(rows, code)) - ideal)) <= 2


@pytest.mark.parametrize(
    ("temperature", "records", "expected"),
    [
        (1.0, 110, [100, 9, 1]),  # 1000 : 90 : 10
        (2.0, 100, [71, 21, 8]),  # 31.6 : 9.5 : 3.2, and 7.1 of 100 become 8 of at most 10
        (2.0, 200, [146, 44, 10]),  # the smallest has no more: the others go on at 31.6 : 9.5
        (1e9, 30, [10, 10, 10]),
        (1e9, 150, [70, 70, 10]),
        (1e9, 5000, [1000, 90, 10]),
    ],
)
def test_a_temperature_lifts_the_small_ones(
    temperature: float, records: int, expected: list[int]
) -> None:
    interactions = [0] * 1000 + [1] * 90 + [2] * 10
    rows = rows_of(interactions, [7] * len(interactions))
    code = take_sample(rows, bounds(), Budget(records, None, temperature))
    found = sizes(rows, code)[:3]
    assert sum(found) == min(records, 1100)
    assert max(abs(np.array(found) - expected)) <= 1


def test_each_quota_grows_with_the_budget() -> None:
    """Largest remainders would take a record away here and there; divisors never do."""
    interactions = [0] * 61 + [1] * 61 + [2] * 23 + [3] * 7
    rows = rows_of(interactions, [1] * len(interactions))
    quotas = [
        sizes(rows, take_sample(rows, bounds(), Budget(records, None, 1.7)))
        for records in range(1, len(interactions))
    ]
    for few, many in pairwise(quotas):
        assert sum(many) == sum(few) + 1
        assert all(one <= other for one, other in zip(few, many, strict=True))


def test_the_first_record_that_does_not_fit_ends_the_sample() -> None:
    rows = SampleRows(np.zeros(4, np.int64), np.arange(4), np.array([5, 90, 5, 5]))
    code = take_sample(rows, bounds(), Budget(None, 20))
    assert code.tolist() == [TAKEN, OVER_BUDGET, OVER_BUDGET, OVER_BUDGET]
