"""Which rows a later one takes the place of, and that what they name stays."""

from collections.abc import Mapping

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spec import DedupeSpec
from pipeline.stages.alike.neighbours import Pairs
from pipeline.stages.alike.shingles import shingle_sets
from pipeline.stages.dedupe.deciding import CODES, DedupeRows, decide
from pipeline.stages.dedupe.succession import contained_in, superseded_by


def ints(*values: int) -> np.ndarray:
    return np.array(values, np.int64)


def test_the_latest_of_a_step_replaces_the_others() -> None:
    step, latest = ints(0, -1, 0, 1, 0), ints(4, 3, 2, 1, 0)
    assert superseded_by(step, latest) == {0: 4, 2: 4}


def test_rows_of_no_step_replace_nothing() -> None:
    assert superseded_by(ints(-1, -1), ints(0, 1)) == {}


def test_the_longest_conversation_holds_the_shorter_ones() -> None:
    whole = ints(10, 20, 30, -1, 10)
    beginnings, rows = ints(10, 10, 20), ints(1, 2, 2)
    assert contained_in(whole, beginnings, rows, ints(0, 0, 0, 0, 0)) == {0: 2, 1: 2, 4: 2}


def test_another_interaction_holds_nothing() -> None:
    assert contained_in(ints(10, 20), ints(10), ints(1), ints(0, 1)) == {}


def test_without_beginnings_nothing_is_contained() -> None:
    assert contained_in(ints(10, 10), ints(), ints(), ints(0, 0)) == {}


def decided(
    superseded: Mapping[int, int], contained: Mapping[int, int], count: int
) -> tuple[list[str], list[int]]:
    each = np.arange(count)
    rows = DedupeRows(
        run=each,
        record=each,
        interaction=np.zeros(count, np.int64),
        input=each,
        answer=each,
        priority=each,
        newest=each,
        superseded=superseded,
        contained=contained,
    )
    none = Pairs(ints(), ints(), np.zeros(0))
    verdicts = decide(rows, none, shingle_sets([str(at) for at in range(count)]), DedupeSpec())
    return [CODES[code] for code in verdicts.code.tolist()], verdicts.match.tolist()


def test_a_chain_of_followers_names_the_one_that_stays() -> None:
    codes, match = decided({0: 1}, {1: 2}, 3)
    assert codes == ["superseded", "contained_conversation", ""]
    assert match == [2, 2, -1]


def test_two_rows_that_follow_one_another_do_not_both_leave() -> None:
    codes, match = decided({0: 1}, {1: 0}, 2)
    assert codes == ["superseded", ""]
    assert match == [1, -1]


FOLLOWED = st.dictionaries(st.integers(0, 7), st.integers(0, 7), max_size=8)


@given(FOLLOWED, FOLLOWED)
def test_whatever_follows_what_somebody_stays_and_is_named(
    superseded: dict[int, int], contained: dict[int, int]
) -> None:
    codes, match = decided(superseded, contained, 8)
    assert "" in codes
    for row, (code, by) in enumerate(zip(codes, match, strict=True)):
        assert (by == -1) == (code == ""), row
        assert by == -1 or codes[by] == ""
