"""What the benchmarks measure with is right itself."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from copies import copied_id, copied_truth, exchange, read_lines, replace_words, write_copies
from jsonschema import Draft202012Validator
from similarity import alike_pairs, input_of_run, jaccard, normalized, shingles
from truth import Evidence, Figure, figures

SAMPLE = Path(__file__).parents[2] / "sample_data" / "runs.jsonl"
LINES = len(SAMPLE.read_bytes().splitlines())
Run = dict[str, Any]


@pytest.fixture(scope="module")
def copies(tmp_path_factory: pytest.TempPathFactory) -> list[list[Run]]:
    target = tmp_path_factory.mktemp("copies") / "three.jsonl.zst"
    count = write_copies(SAMPLE, target, 3)
    runs = [json.loads(line) for line in read_lines(target)]
    assert len(runs) == count == 3 * LINES
    return [runs[at : at + LINES] for at in range(0, 3 * LINES, LINES)]


def texts(runs: list[Run]) -> list[str]:
    whole = [normalized(input_of_run(run)) for run in runs]
    return [text.rpartition(" message: ")[2] for text in whole]


def test_the_first_copy_is_the_original(copies: list[list[Run]]) -> None:
    assert copies[0] == [json.loads(line) for line in read_lines(SAMPLE)]


def test_ids_are_fresh_and_repeat_only_where_they_did(copies: list[list[Run]]) -> None:
    ids = [{run["id"] for run in runs} for runs in copies]
    assert len(ids[0] | ids[1] | ids[2]) == 3 * (LINES - 1)  # one id comes twice
    assert [run["id"] for run in copies[2]] == [copied_id(2, run["id"]) for run in copies[0]]


@pytest.mark.parametrize(("one", "other"), [(0, 1), (0, 2), (1, 2)])
def test_no_copy_resembles_another(copies: list[list[Run]], one: int, other: int) -> None:
    spoken = [
        [
            shingles(text)
            for text, run in zip(texts(runs), runs, strict=True)
            if len(text) > 20 and run.get("prompt") and "base64" not in text
        ]
        for runs in (copies[one], copies[other])
    ]
    assert not alike_pairs(*spoken, threshold=0.5)


def test_equal_inputs_stay_equal_and_near_ones_near(copies: list[list[Run]]) -> None:
    original = [shingles(text) for text in texts(copies[0])]
    words = [not any("composed" in tag for tag in run["tags"]) for run in copies[0]]
    found = alike_pairs(original, original, 0.85)
    near = {(a, b): score for a, b, score in found if a < b and words[a] and words[b]}
    assert len(near) > 10
    for runs in copies[1:]:
        sets = [shingles(text) for text in texts(runs)]
        assert all(jaccard(sets[a], sets[b]) >= 0.75 for a, b in near)
        equal = [pair for pair, score in near.items() if score == 1]
        assert all(jaccard(sets[a], sets[b]) == 1 for a, b in equal)


def test_answers_follow_their_schema_as_before(copies: list[list[Run]]) -> None:
    for original, copied in zip(copies[0], copies[1], strict=True):
        if "result_schema" in original:
            check = Draft202012Validator(original["result_schema"])
            assert check.is_valid(copied["result"]) == check.is_valid(original["result"])


def test_templates_tools_and_system_prompts_stay(copies: list[list[Run]]) -> None:
    for original, copied in zip(copies[0], copies[1], strict=True):
        prompt = original.get("prompt")
        if isinstance(prompt, dict):
            assert copied["prompt"].get("system") == prompt.get("system")
            assert copied["prompt"].get("toolConfig") == prompt.get("toolConfig")
        if original["interaction"]["name"] == "RouteTicket":
            one, other = (run["prompt"][0]["content"][0]["text"] for run in (original, copied))
            assert one[:2000] == other[:2000]
            assert one != other


def test_case_and_punctuation_stay() -> None:
    words = exchange([["card", "rain"], ["my", "no"]], 1)
    assert replace_words("My CARD, no Rain?", words) == "No RAIN, my Card?"


def test_the_join_finds_what_comparing_all_finds(copies: list[list[Run]]) -> None:
    sets = [shingles(text) for text in texts(copies[0])]
    found = {(a, b) for a, b, _ in alike_pairs(sets[:100], sets, 0.6)}
    every = {
        (a, b)
        for a, one in enumerate(sets[:100])
        for b, other in enumerate(sets)
        if jaccard(one, other) >= 0.6
    }
    assert found == every


def test_truth_of_copies_names_their_runs() -> None:
    planted = [{"what": "conflict", "run": "a", "of": "b"}, {"what": "secret", "run": "c"}]
    truth = {"planted": planted, "runs": 9, "kept_by_exact_pairwise": {"best": 7}}
    made = copied_truth(truth, 2)
    assert [fact["what"] for fact in made["planted"]] == ["conflict", "secret", "conflict"]
    assert made["planted"][2]["run"] == copied_id(1, "a")
    assert made["runs"] == 18


def evidence(folder: Path, train: str, validation: str) -> Evidence:
    rows = [
        ("a", "kept", None, None),
        ("b", "duplicate", "near_duplicate", "a"),
        ("c", "kept", None, None),
        ("d", "rejected", "conflict", "c"),
    ]
    names = ("run_id", "outcome", "code", "matched_run_id")
    ledger = [dict(zip(names, row, strict=True)) | {"similarity": 0.9} for row in rows]
    for split, text in (("train", train), ("validation", validation)):
        turns = [{"role": "user", "content": text}, {"role": "assistant", "content": "yes"}]
        (folder / f"{split}.jsonl").write_text(json.dumps({"messages": turns}) + "\n")
    pq.write_table(pa.table({"run_id": ["a", "c"]}), folder / "lines.parquet")
    said = {"a": "where is my parcel", "b": "where is my parcel?", "c": "a green tent", "d": "wool"}
    planted = [
        {"what": "exact_duplicate", "run": "b", "of": "a"},
        {"what": "near_duplicate", "run": "c", "of": "a"},
        {"what": "failed_run", "run": "c"},
    ]
    truth = {"planted": planted, "kept_by_exact_pairwise": {"best": 2}}
    return Evidence(ledger, {"a", "c"}, said, truth, folder, runs=4)


def by_name(made: list[Figure], word: str) -> Figure:
    (found,) = [one for one in made if word in one.name]
    return found


def test_figures_tell_good_from_bad(tmp_path: Path) -> None:
    made = figures(evidence(tmp_path, "where is my parcel", "where is my parcel now"))
    assert by_name(made, "exact_duplicate").met
    assert by_name(made, "of 0 alike").value == 1
    assert by_name(made, "wrongly merged").value == 1
    assert not by_name(made, "bad runs").met
    assert [one.met for one in made if one.name == "kept"] == [False]
    assert by_name(made, "across the split").value == 0
    assert by_name(made, "runs less kept").met


def test_a_leak_across_the_split_is_seen(tmp_path: Path) -> None:
    made = figures(evidence(tmp_path, "Where is my  parcel now", "where is my parcel now?"))
    assert by_name(made, "across the split").value == 1
