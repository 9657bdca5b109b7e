"""An interaction of two components or more stands on every side it can."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.dividing.split import TEST, TRAIN, VALIDATION
from pipeline.stages.dividing.stratify import Strata, stratify

NEEDED = (TRAIN, VALIDATION, TEST)
Drawn = list[tuple[int, int, float]]
COMPONENTS = st.lists(
    st.tuples(
        st.integers(0, 6), st.sampled_from([TRAIN, TRAIN, VALIDATION, TEST]), st.floats(0, 0.999)
    ),
    min_size=1,
    max_size=40,
)


def strata(interactions: list[int]) -> Strata:
    numbers = np.array(interactions, np.int64)
    return Strata.of(numbers, np.arange(len(numbers)), 7, len(numbers))


def cut(drawn: Drawn, needed: tuple[int, ...] = NEEDED) -> list[int]:
    side = np.array([side for _, side, _ in drawn], np.int8)
    place = np.array([place for _, _, place in drawn])
    of = strata([interaction for interaction, _, _ in drawn])
    moved: list[int] = stratify(side, place, of, needed).tolist()
    return moved


@given(COMPONENTS, st.sampled_from([NEEDED, (TRAIN, VALIDATION), (TRAIN, TEST), (TRAIN,)]))
def test_an_interaction_of_k_components_has_the_first_k_sides(
    drawn: Drawn, needed: tuple[int, ...]
) -> None:
    sides = cut(drawn, needed)
    for interaction in range(7):
        found = [side for side, (one, _, _) in zip(sides, drawn, strict=True) if one == interaction]
        if len(found) > 1:
            assert {*needed[: len(found)]} <= {*found}


@given(COMPONENTS)
def test_what_lacks_nothing_is_left_alone(drawn: Drawn) -> None:
    sides = cut(drawn)
    moved = sum(side != before for side, (_, before, _) in zip(sides, drawn, strict=True))
    assert moved <= 2 * len({interaction for interaction, _, _ in drawn})
    again = [(one, side, place) for side, (one, _, place) in zip(sides, drawn, strict=True)]
    assert cut(again) == sides


def test_the_lowest_place_goes_to_validation_and_the_highest_to_train() -> None:
    places = [0.5, 0.2, 0.9]
    assert cut([(0, TRAIN, place) for place in places], NEEDED[:2]) == [TRAIN, VALIDATION, TRAIN]
    aside = [(0, VALIDATION, place) for place in places]
    assert cut(aside, NEEDED[:2]) == [VALIDATION, VALIDATION, TRAIN]


def test_components_at_infinity_stay() -> None:
    assert cut([(0, TRAIN, np.inf), (0, TRAIN, 0.7)]) == [TRAIN, VALIDATION]
    assert cut([(0, TRAIN, np.inf), (0, TRAIN, np.inf)]) == [TRAIN, TRAIN]


def test_a_component_that_another_interaction_needs_is_not_taken_from_it() -> None:
    # Component 0 is of both interactions and the only one of interaction 1 in train.
    of = Strata.of(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 2]), 2, 3)
    side = np.array([TRAIN, TRAIN, VALIDATION], np.int8)
    found = stratify(side, np.array([0.1, 0.6, 0.05]), of, NEEDED[:2])
    assert found.tolist() == [TRAIN, VALIDATION, VALIDATION]
