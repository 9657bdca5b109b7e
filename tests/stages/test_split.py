"""Components, the cut, and the exact join that proves it."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spec import SplitSpec
from pipeline.stages.proof import cross_pairs
from pipeline.stages.shingles import shingle_sets
from pipeline.stages.split import SPLITS, TRAIN, VALIDATION, Components, assign_splits


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


def test_a_chain_is_one_component() -> None:
    components = Components(6)
    components.join_pairs([0, 1, 4], [1, 2, 5])
    labels = components.labels()
    assert labels[0] == labels[1] == labels[2]
    assert labels[4] == labels[5]
    assert len(set(labels.tolist())) == 3


def test_equal_keys_join_and_negative_ones_do_not() -> None:
    components = Components(5)
    components.join_equal(np.array([7, -1, 7, -1, 2]))
    assert len(set(components.labels().tolist())) == 4


def test_the_side_depends_on_the_key_alone_and_keeps_its_share() -> None:
    keys = [f"component-{number}" for number in range(20_000)]
    spec = SplitSpec(validation=0.1, test=0.05)
    sides = assign_splits(keys, spec)
    again = assign_splits(keys[::-1], spec)[::-1]
    assert sides.tolist() == again.tolist()
    shares = np.bincount(sides, minlength=len(SPLITS)) / len(keys)
    assert abs(shares[VALIDATION] - 0.1) < 0.01
    assert abs(shares[2] - 0.05) < 0.01
    assert assign_splits(keys, SplitSpec(salt="other")).tolist() != sides.tolist()
