"""Sets of 5-grams and their exact Jaccard index, held against plain Python sets."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.alike.jaccard import jaccard_of_pairs
from pipeline.stages.alike.shingles import shingle_sets
from pipeline.stages.inputs import normalize_text

TEXTS = st.lists(st.text(max_size=60), min_size=1, max_size=30)


def grams(text: str) -> set[str]:
    padded = text.ljust(5, "\0")
    return {padded[at : at + 5] for at in range(len(padded) - 4)}


@given(TEXTS)
def test_a_set_has_one_value_for_each_distinct_5_gram(texts: list[str]) -> None:
    sets = shingle_sets(texts)
    assert sets.sizes.tolist() == [len(grams(text)) for text in texts]


@given(TEXTS)
def test_the_jaccard_index_is_that_of_python_sets(texts: list[str]) -> None:
    sets = shingle_sets(texts)
    left = np.zeros(len(texts), np.int64)
    right = np.arange(len(texts))
    first = grams(texts[0])
    expected = [len(first & grams(text)) / len(first | grams(text)) for text in texts]
    assert np.allclose(jaccard_of_pairs(sets, left, right), expected)


def test_batches_do_not_change_the_sets() -> None:
    texts = [f"message number {number} of a long night" for number in range(2500)]
    sets = shingle_sets(texts)
    alone = shingle_sets([texts[2047]])
    begin, end = sets.offsets[2047], sets.offsets[2048]
    assert sets.values[begin:end].tolist() == alone.values.tolist()


def test_take_gives_the_rows_in_the_asked_order() -> None:
    sets = shingle_sets(["first text here", "second text", "third"])
    taken = sets.take(np.array([2, 0, 2]))
    assert taken.sizes.tolist() == [sets.sizes[2], sets.sizes[0], sets.sizes[2]]
    assert taken.values[: taken.offsets[1]].tolist() == sets.values[sets.offsets[2] :].tolist()


def test_texts_that_read_alike_are_normalized_alike() -> None:
    assert normalize_text("  Straße\n\tCAFÉ ") == normalize_text("STRASSE cafe\u0301")
    assert normalize_text("ﬁne\u00a0print") == "fine print"
