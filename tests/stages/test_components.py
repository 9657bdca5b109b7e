"""What belongs together is one component, whatever the order in which it is said."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.alike.shingles import I64
from pipeline.stages.dividing.components import Components, Ties, equal_pairs, ways

PAIRS = st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=40)


def grown(count: int, pairs: list[tuple[int, int]]) -> list[set[int]]:
    """Components by growing sets, one pair at a time."""
    sets = [{row} for row in range(count)]
    for one, other in pairs:
        if sets[one] is not sets[other]:
            joined = sets[one] | sets[other]
            for row in joined:
                sets[row] = joined
    return sets


@given(PAIRS, st.integers(0, 40))
def test_components_are_those_that_growing_sets_give(
    pairs: list[tuple[int, int]], cut: int
) -> None:
    components = Components(30)
    for some in (pairs[:cut], pairs[cut:]):
        components.join_pairs([one for one, _ in some], [other for _, other in some])
    labels = components.labels().tolist()
    sets = grown(30, pairs)
    assert labels == [min(found) for found in sets]


def test_a_chain_of_100_000_is_one_component() -> None:
    rows = np.random.default_rng(5).permutation(100_000)
    components = Components(len(rows))
    components.join_pairs(rows[1:], rows[:-1])
    assert not components.labels().any()


@given(st.lists(st.integers(-1, 5), max_size=30))
def test_equal_keys_join_and_negative_ones_do_not(keys: list[int]) -> None:
    components = Components(len(keys))
    components.join_pairs(*equal_pairs(np.array(keys, np.int64)))
    labels = components.labels().tolist()
    for one, key in enumerate(keys):
        for other in range(one):
            together = key == keys[other] and key >= 0
            assert (labels[one] == labels[other]) == together


def test_the_first_of_equal_ones_is_paired_with_each_of_the_others() -> None:
    left, right = equal_pairs(np.array([4, -1, 4, 9, 4]))
    assert list(zip(left.tolist(), right.tolist(), strict=True)) == [(0, 2), (0, 4)]


def columns(*numbers: int) -> I64:
    return np.array(numbers, np.int64)


def ties() -> Ties:
    """Rows 0-1 by input, 1-2 by alike inputs, 3-4 by a group, 5-6 by a conversation."""
    return Ties(
        one=columns(),
        other=columns(),
        equal=(columns(-1, -1, -1, 0, 0, -1, -1),),
        input=columns(0, 0, 1, 2, 3, 4, 5),
        left=columns(0),
        right=columns(1),
        whole=columns(-1, -1, -1, -1, -1, 70, 80),
        beginnings=columns(70, 99),
        beginning_row=columns(6, 3),
    )


def joined(some: Ties, rows: int) -> list[int]:
    components = Components(rows)
    for pairs in some.pairs():
        components.join_pairs(*pairs)
    found: list[int] = components.labels().tolist()
    return found


def test_every_kind_of_tie_joins() -> None:
    assert joined(ties(), 7) == [0, 0, 0, 3, 3, 5, 5]


def test_more_alike_inputs_join_more() -> None:
    assert joined(ties().mended(columns(1), columns(5)), 7) == [0, 0, 0, 3, 3, 0, 0]


def test_ties_of_some_rows_are_numbered_in_their_order() -> None:
    assert joined(ties().only(columns(6, 5, 2, 1).astype(np.int32)), 4) == [0, 0, 2, 2]
    assert joined(ties().only(columns(2, 0, 4).astype(np.int32)), 3) == [0, 0, 2]


def test_ways_lead_to_the_nearest_goal() -> None:
    # 0 - 1 - 2 - 3 - 4(goal),  1 - 5(goal),  6 alone
    pairs = columns(0, 1, 2, 3, 1), columns(1, 2, 3, 4, 5)
    assert ways(7, pairs, columns(4, 5)).tolist() == [1, 5, 1, 4, 4, 5, -1]
