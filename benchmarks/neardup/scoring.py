"""How good an answer is: recall, false merges, what is left, what leaks over the split.

Every likeness comes from `similarity.py`'s exact join, so nothing here depends on a sketch or on
the package. Alike means 0.8 and more by the rule.
"""

import random
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from materials import Material
from similarity import U64, alike_pairs, shingles

__all__ = ["Answer", "Known", "Score", "known", "random_split", "score"]

ALIKE, CLEAR = 0.8, 0.7
STAY_AS_ONE = frozenset({"exact_duplicate", "one_word_edit"})
STAY = frozenset({"look_alike", "paraphrase"})


@dataclass(frozen=True, slots=True)
class Answer:
    """What a tool did with the runs of a material."""

    train: frozenset[str]
    validation: frozenset[str]
    removed: frozenset[str]
    """What it took out as a duplicate or a conflict."""

    @property
    def kept(self) -> frozenset[str]:
        """Both sides."""
        return self.train | self.validation


@dataclass(frozen=True, slots=True)
class Known:
    """What is true of a material, computed once."""

    material: Material
    sets: dict[str, U64]
    family: dict[str, int]
    """Runs whose inputs are joined by a chain of alike pairs have one number."""


@dataclass(frozen=True, slots=True)
class Score:
    """One row of the table."""

    kept: int
    found: dict[str, float]
    """Of each kind of planted duplicate, the share that does not stay beside its source's text."""
    lost: dict[str, float]
    """Of each kind that must stay, the share that was removed though nothing alike stayed."""
    false_merges: int
    """Removed, though nothing that stayed is 0.8 alike."""
    clear_false_merges: int
    """Removed, though nothing that stayed is even 0.7 alike."""
    distinct: float
    """Of the families of alike inputs, the share of which at least one run stayed."""
    crossing: int
    """Pairs of a training and a validation run with alike inputs."""
    edits_by_words: dict[int, float]
    """Found edits of one word by the length of the template."""
    false_by_words: dict[int, float]
    """False merges by the length of the template, as a share of its runs."""
    false_in_rare: int
    """False merges among the runs of rare interactions."""


def known(material: Material) -> Known:
    """The shingles, and the families by an exact join of all inputs with all."""
    sets = {run: shingles(text) for run, text in material.inputs.items()}
    family = {run: number for number, run in enumerate(sets)}
    runs = list(sets)
    for one, other, _ in alike_pairs(list(sets.values()), list(sets.values()), ALIKE):
        if one < other:
            _join(family, runs, one, other)
    return Known(material, sets, {run: _root(family, runs, run) for run in runs})


def _join(family: dict[str, int], runs: list[str], one: int, other: int) -> None:
    low, high = sorted((_root(family, runs, runs[one]), _root(family, runs, runs[other])))
    family[runs[high]] = low


def _root(family: dict[str, int], runs: list[str], run: str) -> int:
    while runs[family[run]] != run:
        family[run] = family[runs[family[run]]]
        run = runs[family[run]]
    return family[run]


def random_split(
    kept: Iterable[str], order: Iterable[str]
) -> tuple[frozenset[str], frozenset[str]]:
    """The usual cut: shuffled, nine tenths to train, one to validation."""
    chosen = set(kept)
    runs = [run for run in order if run in chosen]
    random.Random(0).shuffle(runs)
    cut = len(runs) // 10
    return frozenset(runs[cut:]), frozenset(runs[:cut])


def score(facts: Known, answer: Answer) -> Score:
    """All figures of one answer."""
    material, words = facts.material, facts.material.words
    false = _without_partner(facts, answer, ALIKE)
    found = _marks(material, STAY_AS_ONE, _missing(material, answer))
    lost = _marks(material, STAY, {pair["run"]: pair["run"] in false for pair in material.planted})
    edits = found.get("one_word_edit", {})
    left = {facts.family[run] for run in answer.kept if run in facts.family}
    return Score(
        kept=len(answer.kept),
        found={what: _mean(marks) for what, marks in found.items()},
        lost={what: _mean(marks) for what, marks in lost.items()},
        false_merges=len(false),
        clear_false_merges=len(_without_partner(facts, answer, CLEAR)),
        distinct=len(left) / len(set(facts.family.values())),
        crossing=_crossing(facts, answer),
        edits_by_words=_share([(words[run], hit) for run, hit in edits.items() if run in words]),
        false_by_words=_share([(count, run in false) for run, count in words.items()]),
        false_in_rare=len(false & material.rare),
    )


def _missing(material: Material, answer: Answer) -> dict[str, bool]:
    """By planted run: whether it left, or nothing else that stayed has its source's text."""
    texts = material.inputs
    others = {pair["run"] for pair in material.planted if pair["what"] == "other_answer"}
    stayed = Counter(texts[run] for run in (answer.kept & texts.keys()) - others)
    return {
        pair["run"]: pair["run"] not in answer.kept
        or stayed[texts[pair["of"]]] == (texts[pair["run"]] == texts[pair["of"]])
        for pair in material.planted
    }


def _marks(
    material: Material, kinds: frozenset[str], marks: dict[str, bool]
) -> dict[str, dict[str, bool]]:
    made: dict[str, dict[str, bool]] = {}
    for pair in material.planted:
        if pair["what"] in kinds:
            made.setdefault(pair["what"], {})[pair["run"]] = marks[pair["run"]]
    return made


def _mean(marks: dict[str, bool]) -> float:
    return sum(marks.values()) / len(marks)


def _share(marks: list[tuple[int, bool]]) -> dict[int, float]:
    totals, hits = (
        Counter(words for words, _ in marks),
        Counter(words for words, hit in marks if hit),
    )
    return {words: hits[words] / count for words, count in sorted(totals.items())}


def _without_partner(facts: Known, answer: Answer, threshold: float) -> set[str]:
    removed = sorted(answer.removed & facts.sets.keys())
    kept = sorted(answer.kept & facts.sets.keys())
    if not removed or not kept:
        return set(removed)
    texts = facts.material.inputs
    left = {texts[run] for run in kept}
    open_ = [run for run in removed if texts[run] not in left]
    if not open_:
        return set()
    pairs = alike_pairs(_sets(facts, open_), _sets(facts, kept), threshold)
    return set(open_) - {open_[one] for one, _, _ in pairs}


def _crossing(facts: Known, answer: Answer) -> int:
    train, validation = (
        sorted(side & facts.sets.keys()) for side in (answer.train, answer.validation)
    )
    if not train or not validation:
        return 0
    return len(alike_pairs(_sets(facts, train), _sets(facts, validation), ALIKE))


def _sets(facts: Known, runs: list[str]) -> list[U64]:
    return [facts.sets[run] for run in runs]
