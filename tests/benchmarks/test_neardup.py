"""The near-duplicate benchmark's truth is true, and its figures tell good answers from bad ones."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import pytest
from generate import LENGTHS, RARE, interactions, write
from materials import Material, generated, inputs_alone
from report import machine
from report import write as write_page
from scoring import Answer, Known, known, random_split, score
from similarity import alike_pairs, normalized, shingles

RUNS = 1200
SAME = {"exact_duplicate", "one_word_edit", "other_answer"}


@pytest.fixture(scope="module")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    return generated(tmp_path_factory.mktemp("neardup") / "generator", RUNS, 3)


@pytest.fixture(scope="module")
def facts(material: Material) -> Known:
    return known(material)


def by_kind(material: Material, what: str) -> list[dict[str, Any]]:
    return [pair for pair in material.planted if pair["what"] == what]


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        write(tmp_path / name, 400, seed)
    for file in ("runs.jsonl", "inputs.jsonl", "truth.json"):
        one, two, three = (
            (tmp_path / name / file).read_bytes() for name in ("one", "two", "three")
        )
        assert one == two != three


def test_every_kind_is_planted_on_its_side_of_the_threshold(material: Material) -> None:
    for what, low, high in (
        ("exact_duplicate", 1.0, 1.0),
        ("other_answer", 1.0, 1.0),
        ("one_word_edit", 0.8, 0.999999),
        ("look_alike", 0.3, 0.799999),
        ("paraphrase", 0.0, 0.75),
    ):
        pairs = by_kind(material, what)
        assert len(pairs) > 20
        assert all(low <= pair["similarity"] <= high for pair in pairs), what


def test_no_pair_is_alike_but_the_planted_ones(material: Material) -> None:
    runs = list(material.inputs)
    sets = [shingles(material.inputs[run]) for run in runs]
    source = {pair["run"]: pair["of"] for pair in material.planted if pair["what"] in SAME}
    alike = [(runs[a], runs[b]) for a, b, _ in alike_pairs(sets, sets, 0.8) if a < b]
    assert len(alike) >= len(source)
    assert all(source.get(one, one) == source.get(other, other) for one, other in alike)


def test_an_answer_is_the_same_unless_another_was_planted(material: Material) -> None:
    runs = [json.loads(line) for line in material.runs.read_bytes().splitlines()]
    answers = {run["id"]: run["result"] for run in runs}
    assert len(answers) == RUNS
    for pair in material.planted:
        same = answers[pair["run"]] == answers[pair["of"]]
        assert same == (pair["what"] != "other_answer"), pair


def test_templates_stand_before_what_varies_in_every_length(material: Material) -> None:
    runs = [json.loads(line) for line in material.runs.read_bytes().splitlines()]
    assert set(material.words.values()) == set(LENGTHS)
    for run in runs:
        turns = [turn for turn in run["prompt"] if turn["role"] != "system"]
        said = "\n".join(
            part if isinstance(part, str) else part["text"]
            for turn in turns
            for part in ([turn["content"]] if isinstance(turn["content"], str) else turn["content"])
        )
        assert normalized(said).endswith(material.inputs[run["id"]])
    stored = [run for run in runs if "parameters" in run]
    assert 0 < len(stored) < RUNS / 2
    assert len(material.rare) == sum(RARE) * len({one.language for one in interactions(3)})


def test_inputs_alone_have_no_template(material: Material, tmp_path: Path) -> None:
    alone = inputs_alone(material, tmp_path / "alone")
    rows = [json.loads(line) for line in alone.texts.read_bytes().splitlines()]
    assert len(rows) == RUNS
    for row in rows:
        assert normalized(row["text"]).startswith(material.inputs[row["id"]])
    assert alone.texts.stat().st_size < material.texts.stat().st_size / 3


def answer_of(material: Material, kept: set[str]) -> Answer:
    train, validation = random_split(kept, material.inputs)
    return Answer(train, validation, frozenset(material.inputs.keys() - kept))


def originals(material: Material) -> set[str]:
    made = {pair["run"] for pair in material.planted if pair["what"] in SAME}
    return set(material.inputs) - made


def test_the_right_answer_has_full_marks(material: Material, facts: Known) -> None:
    made = score(facts, answer_of(material, originals(material)))
    assert made.found == {"exact_duplicate": 1.0, "one_word_edit": 1.0}
    assert made.lost == {"look_alike": 0.0, "paraphrase": 0.0}
    assert (made.false_merges, made.false_in_rare, made.crossing, made.distinct) == (0, 0, 0, 1.0)
    assert set(made.edits_by_words.values()) == {1.0}
    assert set(made.false_by_words.values()) == {0.0}


def test_keeping_everything_finds_nothing_and_leaks(material: Material, facts: Known) -> None:
    made = score(facts, answer_of(material, set(material.inputs)))
    assert made.found == {"exact_duplicate": 0.0, "one_word_edit": 0.0}
    assert (made.false_merges, made.distinct) == (0, 1.0)
    assert made.crossing > 0


def test_the_copy_may_stay_in_place_of_its_source(material: Material, facts: Known) -> None:
    kept = originals(material)
    for pair in by_kind(material, "one_word_edit"):
        kept = kept - {pair["of"]} | {pair["run"]}
    made = score(facts, answer_of(material, kept))
    assert made.found == {"exact_duplicate": 1.0, "one_word_edit": 1.0}
    assert made.false_merges == 0


def test_what_is_removed_without_a_partner_is_a_false_merge(
    material: Material, facts: Known
) -> None:
    gone = {pair["run"] for pair in by_kind(material, "look_alike")}
    made = score(facts, answer_of(material, originals(material) - gone))
    assert made.lost["look_alike"] == 1.0
    assert made.lost["paraphrase"] == 0.0
    assert made.false_merges == len(gone)
    assert 0 < made.clear_false_merges < len(gone)
    assert made.distinct == pytest.approx(1 - len(gone) / len(originals(material)))
    assert 0 < max(made.false_by_words.values()) < 1


def test_what_left_for_another_reason_is_no_merge(material: Material, facts: Known) -> None:
    answer = answer_of(material, originals(material) - set(material.rare))
    rejected = replace(answer, removed=answer.removed - material.rare)
    assert score(facts, answer).false_in_rare > 0
    assert score(facts, rejected).false_in_rare == score(facts, rejected).false_merges == 0


def test_the_split_takes_a_tenth_and_everything_once(material: Material) -> None:
    train, validation = random_split(set(material.inputs), material.inputs)
    assert len(validation) == RUNS // 10
    assert train | validation == material.inputs.keys()
    assert not train & validation


def results(material: Material, facts: Known, tmp_path: Path) -> Path:
    made = asdict(score(facts, answer_of(material, originals(material))))
    row = {"name": "trainset", "seconds": 1.25, "peak_mb": 310.0, **made}
    failed = {"name": "rensa", "failed": "No module named 'rensa'"}
    kinds = [pair["what"] for pair in material.planted]
    found = {
        "name": "generator",
        "runs": RUNS,
        "megabytes": 1.0,
        "families": len(originals(material)),
        "rare": len(material.rare),
        "planted": {what: kinds.count(what) for what in dict.fromkeys(kinds)},
        "rows": [row, failed],
    }
    place = tmp_path / "results.json"
    whole = {"runs": RUNS, "seed": 3, "machine": machine(), "versions": {"rensa": "0.5.0"}}
    materials = [found, found | {"name": "inputs alone", "rows": []}]
    place.write_text(json.dumps(whole | {"materials": materials}))
    return place


def test_the_page_says_what_was_measured_and_what_was_not(
    material: Material, facts: Known, tmp_path: Path
) -> None:
    page = tmp_path / "page.md"
    write_page(results(material, facts, tmp_path), page)
    text = page.read_text()
    kept = len(originals(material))
    assert f"| **trainset** | {kept:,} | 100.0% | 100.0% | 100.0% | 0 | 0 | 0 | 1.2 | 310 |" in text
    assert "rensa could not be run on" in text
    assert "No module named 'rensa'" in text
    assert "`TRAINSET_REAL_RUNS` named no file" in text
    assert "**rensa** (rensa 0.5.0)" in text
    assert "| tool | 0 words | 25 words |" in text
    assert "{" not in text
