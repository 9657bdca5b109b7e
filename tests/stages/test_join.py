"""The exact join finds what comparing every pair finds, in blocks of any size."""

import random
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.stages.alike import join as joining
from pipeline.stages.alike import join_index
from pipeline.stages.alike.jaccard import jaccard_of_pairs
from pipeline.stages.alike.join import AlsoAlike, Join, across, within
from pipeline.stages.alike.shingles import ShingleSets, shingle_sets, token_ranks

WORDS = [
    "order",
    "lamp",
    "sofa",
    "late",
    "broken",
    "refund",
    "please",
    "thanks",
    "box",
    "wet",
    "green",
    "two",
    "nobody",
    "came",
]
THRESHOLDS = st.sampled_from([0.55, 0.7, 0.8, 0.95, 1.0])


@st.composite
def many_texts(draw: st.DrawFn) -> list[str]:
    """Texts with edits of one another, of very different lengths."""
    seed = draw(st.integers(0, 10_000))
    chance = random.Random(seed)
    texts: list[str] = []
    for _ in range(draw(st.integers(0, 40))):
        if texts and chance.random() < 0.6:
            words = chance.choice(texts).split()
            words[chance.randrange(len(words))] = chance.choice(WORDS)
        else:
            words = chance.choices(WORDS, k=chance.choice([1, 3, 12, 60]))
        texts.append(" ".join(words))
    return texts


def ranked(texts: list[str]) -> ShingleSets:
    plain = shingle_sets(texts)
    return shingle_sets(texts, token_ranks([(plain, 1.0)])) if texts else plain


def brute(
    sets: ShingleSets, pairs: Iterator[tuple[int, int]], threshold: float
) -> set[frozenset[int]]:
    listed = np.array(list(pairs), np.int64).reshape(-1, 2)
    similarity = jaccard_of_pairs(sets, listed[:, 0], listed[:, 1])
    return {frozenset(pair) for pair in listed[similarity >= threshold].tolist()}


@pytest.fixture(params=["one block", "many blocks"])
def blocks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "many blocks":
        monkeypatch.setattr(joining, "_INDEX_PARTS", 40)
        monkeypatch.setattr(joining, "_TASK_PARTS", (30, 50))
        monkeypatch.setattr(joining, "PROBE_VALUES", 25)
        monkeypatch.setattr(join_index, "PROBE_VALUES", 25)
        monkeypatch.setattr(join_index, "_MEETINGS", 7)
        monkeypatch.setattr(join_index, "_HEAVY", 0)  # by the rarest 5-grams, where they are fewer


@pytest.mark.usefixtures("blocks")
class TestJoin:
    @settings(deadline=None, max_examples=60)
    @given(texts=many_texts(), threshold=THRESHOLDS)
    def test_within_finds_every_pair_once(self, texts: list[str], threshold: float) -> None:
        sets = ranked(texts)
        found = within(Join(sets, threshold), np.arange(len(texts)))
        pairs = [
            frozenset(pair) for pair in zip(found.left.tolist(), found.right.tolist(), strict=True)
        ]
        assert len(pairs) == len(set(pairs))
        assert set(pairs) == brute(sets, combinations(range(len(texts)), 2), threshold)
        assert np.array_equal(found.similarity, jaccard_of_pairs(sets, found.left, found.right))

    @settings(deadline=None, max_examples=40)
    @given(texts=many_texts(), threshold=THRESHOLDS, cut=st.integers(1, 5))
    def test_across_finds_every_pair_of_the_two(
        self, texts: list[str], threshold: float, cut: int
    ) -> None:
        sets = ranked(texts)
        rows = np.arange(len(texts))
        indexed, probes = rows[rows % 6 < cut], rows[rows % 6 >= cut]
        found = across(Join(sets, threshold), indexed, probes)
        assert set(found.right.tolist()) <= set(indexed.tolist())
        pairs = [
            frozenset(pair) for pair in zip(found.left.tolist(), found.right.tolist(), strict=True)
        ]
        wanted = brute(sets, ((a, b) for a in indexed.tolist() for b in probes.tolist()), threshold)
        assert len(pairs) == len(set(pairs))
        assert set(pairs) == wanted

    @settings(deadline=None, max_examples=40)
    @given(texts=many_texts(), seed=st.integers(0, 99))
    def test_groups_are_kept_apart_and_answers_count(self, texts: list[str], seed: int) -> None:
        sets = ranked(texts)
        chance = np.random.default_rng(seed)
        group = chance.integers(0, 3, len(texts))
        answers = shingle_sets([WORDS[at] * 3 for at in chance.integers(0, 2, len(texts))])
        found = within(
            Join(sets, 0.8, group=group, also=AlsoAlike(answers, 0.8)), np.arange(len(texts))
        )
        able = ((a, b) for a, b in combinations(range(len(texts)), 2) if group[a] == group[b])
        alike = brute(sets, able, 0.8)
        wanted = {pair for pair in alike if brute(answers, iter([tuple(pair)]), 0.8)}
        assert {
            frozenset(pair) for pair in zip(found.left.tolist(), found.right.tolist(), strict=True)
        } == wanted


def test_a_join_ends_when_enough_is_found() -> None:
    texts = [f"the same mail as always, number {number}" + " word" * 30 for number in range(2000)]
    found = within(Join(ranked(texts), 0.8, most=100), np.arange(len(texts)))
    assert 100 < len(found.left) < 2000 * 1999 // 2


def test_only_the_rows_that_are_asked_for_count() -> None:
    sets = ranked(["one mail about a lamp"] * 6)
    found = within(Join(sets, 0.8), np.array([1, 4]))
    assert (found.left.tolist(), found.right.tolist()) in [([4], [1]), ([1], [4])]
    assert found.examined == 1
    assert found.highest == 1.0
