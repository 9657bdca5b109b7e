"""The near-duplicate rule on made texts: who stays, who names whom, what the policies do."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spec import DedupeSpec
from pipeline.stages.alike import crowds
from pipeline.stages.alike.candidates import CROWD, Banding, band_keys
from pipeline.stages.alike.crowds import lead
from pipeline.stages.alike.jaccard import Mapper
from pipeline.stages.alike.join import Join
from pipeline.stages.alike.neighbours import Pairs, alike_pairs
from pipeline.stages.alike.shingles import ShingleSets, shingle_sets
from pipeline.stages.dedupe.deciding import CODES, DedupeRows, Verdicts
from pipeline.stages.dedupe.settle import Compared, settle
from pipeline.stages.dedupe.votes import Agreement

BANDING = Banding.of(0.8)


@dataclass
class Row:
    input: str
    answer: str = "an answer of some length"
    score: float = 0.0
    run: str = ""
    interaction: int = 0


@dataclass
class Keys:
    matrix: np.ndarray

    @property
    def bands(self) -> int:
        return self.matrix.shape[1]

    def __len__(self) -> int:
        return len(self.matrix)

    def band(self, number: int) -> np.ndarray:
        return self.matrix[:, number]


def numbers(values: list[str]) -> tuple[np.ndarray, list[str]]:
    known: dict[str, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values]), list(known)


def pairs_of(inputs: list[str], crowd: int = CROWD) -> tuple[Pairs, np.ndarray, ShingleSets]:
    sets = shingle_sets(inputs)
    return *alike_pairs(sets, Keys(band_keys(sets, BANDING)), 0.8, crowd=crowd), sets


def verdicts(rows: list[Row], spec: DedupeSpec, crowd: int = CROWD) -> Verdicts:
    return settled(rows, spec, crowd)[0]


def settled(
    rows: list[Row], spec: DedupeSpec, crowd: int = CROWD
) -> tuple[Verdicts, list[Agreement]]:
    inputs, distinct = numbers([row.input for row in rows])
    answers, distinct_answers = numbers([row.answer for row in rows])
    records, _ = numbers([f"{row.input}|{row.answer}" for row in rows])
    runs, _ = numbers([row.run or str(at) for at, row in enumerate(rows)])
    order = sorted(range(len(rows)), key=lambda at: (-rows[at].score, at))
    given_rows = DedupeRows(
        run=runs,
        record=records,
        interaction=np.array([row.interaction for row in rows]),
        input=inputs,
        answer=answers,
        priority=np.array(order),
        newest=np.arange(len(rows))[::-1].copy(),
    )
    pairs, crowded, sets = pairs_of(distinct, crowd)
    compared = Compared(sets, shingle_sets(distinct_answers), pairs, crowded)
    return settle(given_rows, compared, spec)


def codes(rows: list[Row], **spec: object) -> list[str]:
    return [CODES[code] for code in verdicts(rows, DedupeSpec(**spec)).code]


BASE = "my parcel with the blue garden chair has not arrived since last tuesday"


def test_the_same_conversation_twice_is_an_exact_duplicate() -> None:
    assert codes([Row(BASE), Row(BASE)]) == ["", "exact_duplicate"]


def test_one_word_more_is_a_near_duplicate_and_names_its_similarity() -> None:
    found = verdicts([Row(BASE), Row(BASE + " please")], DedupeSpec())
    assert CODES[found.code[1]] == "near_duplicate"
    assert found.match[1] == 0
    assert 0.8 <= found.similarity[1] < 1


def test_the_better_score_stays_whatever_the_order() -> None:
    assert codes([Row(BASE, score=0.1), Row(BASE, score=0.9)]) == ["exact_duplicate", ""]


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("best", ["conflict", ""]),
        ("pairs", ["conflict", ""]),
        ("keep", ["", ""]),
        ("drop", ["conflict", "conflict"]),
    ],
)
def test_alike_inputs_with_other_answers_follow_the_policy(
    policy: str, expected: list[str]
) -> None:
    rows = [Row(BASE, answer="we are sorry"), Row(BASE, answer="it was delivered", score=1)]
    assert codes(rows, conflicts=policy) == expected


def test_another_interaction_with_the_same_input_is_another_task() -> None:
    assert codes([Row(BASE), Row(BASE, answer="billing", interaction=1)]) == ["", ""]


def test_a_chain_does_not_swallow_its_far_end() -> None:
    words = BASE.split()
    middle = " ".join([*words, "today"])
    far = " ".join([*words, "today", "before", "noon"])
    found = codes([Row(BASE), Row(middle), Row(far)])
    pairs, _, _ = pairs_of([BASE, middle, far])
    assert (0, 2) not in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)
    assert found == ["", "near_duplicate", ""]


def test_of_one_run_id_the_newest_goes_on() -> None:
    rows = [Row(BASE, run="a"), Row("quite another text that shares nothing", run="a")]
    assert codes(rows) == ["same_run_id", ""]


def test_off_only_exact_duplicates_leave() -> None:
    rows = [Row(BASE), Row(BASE + " please"), Row(BASE)]
    assert codes(rows, near=False, conflicts="keep") == ["", "", "exact_duplicate"]


VOCABULARY = ("red", "blue", "lamp", "chair", "late", "lost", "paid", "twice")
WORDS = st.lists(st.sampled_from(VOCABULARY), max_size=12)
ROWS_OF = st.lists(
    st.builds(
        Row,
        input=WORDS.map(" ".join),
        answer=st.sampled_from(["yes it is", "no it is not", "please wait a little"]),
        score=st.sampled_from([0.0, 0.5, 1.0]),
    ),
    min_size=1,
    max_size=25,
)


@given(
    ROWS_OF,
    st.sampled_from(["best", "majority", "keep", "drop", "pairs"]),
    st.sampled_from([1, 2, CROWD]),
)
def test_no_two_that_stay_are_alike_and_each_that_leaves_names_one_that_stays(
    rows: list[Row], policy: str, crowd: int
) -> None:
    found = verdicts(rows, DedupeSpec(conflicts=policy), crowd)
    sets = [jaccard_set(row.input) for row in rows]
    staying = [at for at in range(len(rows)) if found.code[at] == 0]
    for at in range(len(rows)):
        if at not in staying and policy != "drop":
            match = int(found.match[at])
            assert match in staying
            assert similarity(sets[at], sets[match]) >= 0.8
    for one in staying:
        for other in staying:
            alike = one < other and similarity(sets[one], sets[other]) >= 0.8
            same = similarity(jaccard_set(rows[one].answer), jaccard_set(rows[other].answer)) >= 0.8
            assert not (alike and (same or policy != "keep"))


@given(ROWS_OF, st.sampled_from([2, 3]), st.sampled_from([1, CROWD]))
def test_of_alike_runs_no_more_than_best_of_stay_beside_one_another(
    rows: list[Row], best_of: int, crowd: int
) -> None:
    found = verdicts(rows, DedupeSpec(best_of=best_of), crowd)
    order = sorted(range(len(rows)), key=lambda at: (-rows[at].score, at))
    rank = {at: place for place, at in enumerate(order)}
    sets = [jaccard_set(row.input) for row in rows]
    staying = [at for at in range(len(rows)) if found.code[at] == 0]
    for one in staying:
        better = [
            other
            for other in staying
            if rank[other] < rank[one] and similarity(sets[one], sets[other]) >= 0.8
        ]
        assert len(better) < best_of
        records = [(rows[at].input, rows[at].answer) for at in staying]
        assert len(records) == len(set(records))


@pytest.mark.parametrize("crowd", [1, CROWD])
def test_who_is_alike_to_a_leader_that_left_is_compared_again(crowd: int) -> None:
    """The best row is an older state of a run: it leaves, and two that are alike to it remain."""
    rows = [
        Row(BASE, score=1.0, run="a"),
        Row(BASE + " please", score=0.5),
        Row(BASE + " thanks", score=0.2),
        Row("quite another text that shares nothing", run="a"),
    ]
    found = verdicts(rows, DedupeSpec(), crowd)
    assert [CODES[code] for code in found.code] == ["same_run_id", "", "near_duplicate", ""]
    assert found.match[2] == 1


ALIKE = st.lists(
    st.builds(
        Row,
        input=st.sampled_from([f"{BASE}, parcel {number}" for number in range(9)]),
        answer=st.sampled_from(["yes it is", "no it is not"]),
        score=st.sampled_from([0.0, 0.5, 1.0]),
    ),
    min_size=1,
    max_size=20,
)


@given(ALIKE, st.sampled_from([1, 2, 3]))
def test_a_crowd_in_small_batches_keeps_no_more_than_best_of(rows: list[Row], best_of: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(crowds, "_FIRST", 2)
        patch.setattr(crowds, "_LARGEST", 4)
        patch.setattr(crowds, "_SMALL", 1)
        patch.setattr(crowds, "_ENOUGH", 0)
        found = verdicts(rows, DedupeSpec(best_of=best_of), crowd=1)
    assert np.array_equal(found.code, verdicts(rows, DedupeSpec(best_of=best_of)).code)


def test_the_answer_that_most_runs_gave_stays_in_its_best_run() -> None:
    answers = ["it was sent on monday", "nobody knows where it is", "it was sent on monday"]
    rows = [Row(BASE + more, one) for more, one in zip(("", " please", ""), answers, strict=True)]
    rows.append(Row(BASE + " please", "it was sent on mondays", score=0.2))
    rows[1].score = 1.0
    assert codes(rows, conflicts="best") == ["conflict", "", "conflict", "conflict"]
    assert codes(rows, conflicts="majority") == [
        "near_duplicate",
        "conflict",
        "near_duplicate",
        "",
    ]


def test_agreement_counts_who_answers_as_most_do() -> None:
    rows = [Row(BASE, one) for one in ("yes it is", "yes it is", "no it is not")]
    rows += [Row("a question that was asked once", interaction=1)]
    rows += [Row("another one that was asked again", interaction=2)] * 2
    _, told = settled(rows, DedupeSpec())
    assert told == [Agreement(0, 1, 3, 2, 1), Agreement(2, 1, 2, 2, 0)]


def test_a_million_alike_inputs_are_not_compared_each_with_each() -> None:
    """Ten thousand stand for them: each with each would be 50,000,000 pairs."""
    check = "health check of the shop's front page, is it up and does it answer within a second "
    texts = [f"{check}{check[:40]}{number:05d}" for number in range(10_000)]
    pairs, crowd, sets = pairs_of(texts)
    looked_at: list[int] = []
    found = lead(Join(sets, 0.8), crowd, run=counting(looked_at))
    assert len(pairs) == 0
    assert len(crowd) == len(texts)
    assert set(found.left.tolist()) | set(found.right.tolist()) == set(range(len(texts)))
    assert sum(looked_at) < 40 * len(texts)
    rows = [Row(text, score=float(at == 4321)) for at, text in enumerate(texts)]
    assert np.flatnonzero(verdicts(rows, DedupeSpec()).code == 0).tolist() == [4321]


def test_very_many_answers_to_one_input_are_told_apart_by_a_sketch() -> None:
    rng = np.random.default_rng(3)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz "))
    answers = ["".join(rng.choice(letters, 80)) for _ in range(600)]
    rows = [Row(BASE, answer) for answer in [*answers, answers[77] + "s", answers[500] + "s"]]
    found = verdicts(rows, DedupeSpec(conflicts="keep"))
    assert np.flatnonzero(found.code).tolist() == [600, 601]
    assert found.match[600:].tolist() == [77, 500]


def counting(looked_at: list[int]) -> Mapper:
    """A `map` that writes down how many pairs were computed."""

    def run(function: Any, batches: Any) -> Iterator[Any]:
        for found in map(function, batches):
            looked_at.append(found.examined)
            yield found

    return run


def jaccard_set(text: str) -> set[str]:
    padded = text.ljust(5, "\0")
    return {padded[at : at + 5] for at in range(len(padded) - 4)}


def similarity(one: set[str], other: set[str]) -> float:
    return len(one & other) / len(one | other)


@given(st.floats(min_value=0.5, max_value=1.0))
def test_the_bands_find_a_pair_at_any_threshold_by_arithmetic(threshold: float) -> None:
    banding = Banding.of(threshold)
    assert 1 - (1 - threshold**banding.rows) ** banding.bands >= 0.9999998
    assert 100 <= banding.bands * banding.rows <= 200


def test_the_bands_at_the_threshold_of_the_rule() -> None:
    assert Banding(40, 5) == BANDING
    assert BANDING.missed(0.8) < 1 / 7_500_000


def test_the_bands_find_nearly_all_pairs_at_the_threshold_by_trial() -> None:
    rng = np.random.default_rng(7)
    letters = np.array(list("abcdefghijklmnopqrstuvwxyz "))
    texts: list[str] = []
    for _ in range(600):
        text = "".join(rng.choice(letters, 200))
        texts += [text, text[:179] + "".join(rng.choice(letters, 21))]
    pairs, _, sets = pairs_of(texts)
    found = set(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
    planted = [
        (at, at + 1)
        for at in range(0, len(texts), 2)
        if similarity(jaccard_set(texts[at]), jaccard_set(texts[at + 1])) >= 0.8
    ]
    assert len(planted) > 500
    assert sum(pair in found for pair in planted) >= 0.999 * len(planted)
    assert len(sets) == len(texts)
