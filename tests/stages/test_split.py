"""The cut by draw, by time and by what was before, and the exact join that proves it."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.digests import unit_hash
from pipeline.spec import SplitSpec
from pipeline.stages.alike.proof import cross_pairs
from pipeline.stages.alike.shingles import shingle_sets
from pipeline.stages.dividing.split import (
    NEVER,
    NOWHERE,
    SPLITS,
    TEST,
    TRAIN,
    VALIDATION,
    ComponentRows,
    assign_splits,
)
from pipeline.stages.dividing.stratify import Strata


def grams(text: str) -> set[str]:
    padded = text.ljust(5, "\0")
    return {padded[at : at + 5] for at in range(len(padded) - 4)}


VOCABULARY = ("red", "blue", "lamp", "chair", "late", "lost", "paid", "twice")
WORDS = st.lists(st.sampled_from(VOCABULARY), max_size=14)
TEXTS = st.lists(st.tuples(WORDS.map(" ".join), st.integers(0, 2)), min_size=2, max_size=40)


@given(TEXTS, st.sampled_from([0.6, 0.8, 0.95]))
def test_the_join_finds_what_comparing_every_pair_finds(
    drawn: list[tuple[str, int]], threshold: float
) -> None:
    texts, sides = [text for text, _ in drawn], [side for _, side in drawn]
    found = cross_pairs(shingle_sets(texts), np.array(sides, np.int8), threshold)
    joined = {frozenset(pair) for pair in zip(found.left.tolist(), found.right.tolist())}  # noqa: B905
    expected = {
        frozenset((one, other))
        for one in range(len(texts))
        for other in range(one)
        if sides[one] != sides[other]
        and len(grams(texts[one]) & grams(texts[other]))
        >= threshold * len(grams(texts[one]) | grams(texts[other])) - 1e-12
    }
    assert joined == expected


def test_the_join_finds_long_alike_texts_among_many_others() -> None:
    rng = np.random.default_rng(3)
    words = ["".join(rng.choice(list("abcdefghij"), 6)) for _ in range(400)]
    texts = [" ".join(rng.choice(words, 120)) for _ in range(300)]
    texts[250] = texts[3] + " with a few words more"
    side = np.array([TRAIN] * 200 + [VALIDATION] * 100, np.int8)
    found = cross_pairs(shingle_sets(texts), side, 0.8)
    assert list(zip(found.left.tolist(), found.right.tolist(), strict=True)) == [(3, 250)]
    assert found.highest is not None
    assert found.highest >= 0.8


F64 = np.typing.NDArray[np.float64]
ONE_BY_ONE = st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 9)), min_size=1, max_size=60)


def draws(count: int, salt: str = "trainset") -> F64:
    return np.array([unit_hash(salt, f"component-{number}") for number in range(count)])


def components(
    draw: F64,
    rows: Sequence[int] | None = None,
    newest: Sequence[int] | None = None,
    previous: Sequence[int] | None = None,
) -> ComponentRows:
    count = len(draw)
    return ComponentRows(
        draw=np.asarray(draw),
        rows=np.array(rows or [1] * count, np.int64),
        newest=np.array(newest or [NEVER] * count, np.int64),
        previous=np.array(previous or [NOWHERE] * count, np.int8),
    )


def one_interaction(count: int) -> Strata:
    return Strata.of(np.zeros(count, np.int64), np.arange(count), 1, count)


def sides_of(some: ComponentRows, **words: Any) -> list[int]:
    found: list[int] = assign_splits(
        some, one_interaction(len(some.draw)), SplitSpec(**words)
    ).tolist()
    return found


def test_by_draw_the_side_is_the_draw_s_alone_and_the_shares_are_kept() -> None:
    draw = draws(20_000)
    words: dict[str, Any] = {"validation": 0.1, "test": 0.05}
    sides = sides_of(components(draw), **words)
    assert sides_of(components(draw[::-1]), **words) == sides[::-1]
    shares = np.bincount(sides, minlength=len(SPLITS)) / len(draw)
    assert abs(shares[VALIDATION] - 0.1) < 0.01
    assert abs(shares[TEST] - 0.05) < 0.01
    assert sides_of(components(draws(20_000, "other")), **words) != sides


def test_a_small_interaction_is_on_both_sides_and_a_large_one_keeps_its_share() -> None:
    sizes = [2, 3, 5, 8000]
    interaction = np.repeat(np.arange(4), sizes)
    draw = draws(len(interaction))
    draw[:10] = 0.5 + draw[:10] / 2
    strata = Strata.of(interaction, np.arange(len(interaction)), 4, len(interaction))
    sides = assign_splits(components(draw), strata, SplitSpec())
    plain = assign_splits(components(draw), strata, SplitSpec(stratify="off"))
    assert not plain[:10].any()
    for small in range(3):
        assert np.bincount(sides[interaction == small]).tolist() == [sizes[small] - 1, 1]
        moved = np.flatnonzero((sides == VALIDATION) & (interaction == small))
        assert draw[moved[0]] == draw[interaction == small].min()
    assert sides[10:].tolist() == plain[10:].tolist()
    assert abs(np.mean(sides[10:]) - 0.1) < 0.01


def test_a_side_that_is_not_asked_for_is_not_filled() -> None:
    assert sides_of(components(draws(5)), validation=0.0) == [TRAIN] * 5


@given(ONE_BY_ONE)
def test_by_time_everything_in_validation_is_newer_than_everything_in_train(
    drawn: list[tuple[float, int]],
) -> None:
    times = [time for _, time in drawn]
    some = components(np.array([draw for draw, _ in drawn]), newest=[time + 1 for time in times])
    words: dict[str, Any] = {"validation": 0.3, "test": 0.2, "order": "time", "stratify": "off"}
    sides = sides_of(some, **words)
    by_side = [
        [time for time, side in zip(times, sides, strict=True) if side == one] for one in range(3)
    ]
    train, validation, test = by_side
    assert not train or not validation or max(train) <= min(validation)
    assert not validation or not test or max(validation) <= min(test)
    assert abs(len(test) - 0.2 * len(sides)) <= 1
    assert abs(len(validation) - 0.3 * len(sides)) <= 1


def test_by_time_shares_are_of_rows_and_runs_without_a_time_train() -> None:
    some = components(np.zeros(4), rows=[60, 10, 20, 10], newest=[NEVER, 30, 20, 10])
    words: dict[str, Any] = {"validation": 0.2, "test": 0.1, "order": "time"}
    assert sides_of(some, **words) == [TRAIN, TEST, VALIDATION, TRAIN]


@given(ONE_BY_ONE, st.data(), st.sampled_from(["hash", "time"]))
def test_what_was_somewhere_before_stays_there(
    drawn: list[tuple[float, int]], data: st.DataObject, order: Any
) -> None:
    side = st.sampled_from([NOWHERE, TRAIN, VALIDATION, TEST])
    previous = data.draw(st.lists(side, min_size=len(drawn), max_size=len(drawn)))
    some = components(
        np.array([draw for draw, _ in drawn]), None, [time for _, time in drawn], previous
    )
    sides = sides_of(some, validation=0.2, order=order)
    for now, before in zip(sides, previous, strict=True):
        assert before in (NOWHERE, now)
