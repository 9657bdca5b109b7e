"""What the contestants are given: the same runs, and of each run its text.

A material is a folder with `runs.jsonl` (what trainset reads), `texts.jsonl` (`id` and the whole
conversation as text, what the other tools read) and what is known of the runs. Records that no
script would train on are dropped from `texts.jsonl` as `plain.py` drops them.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import generate
from copies import read_lines
from plain_reading import record_of, usable
from similarity import input_of_run, jaccard, normalized, shingles

__all__ = ["Material", "generated", "inputs_alone", "open_data"]

KINDS = {
    "exact_duplicate": "exact_duplicate",
    "near_duplicate": "one_word_edit",
    "conflict": "other_answer",
}
"""What the open data's truth calls its planted pairs, and what we call them."""


@dataclass(frozen=True, slots=True)
class Material:
    """One set of runs and the truth about it."""

    name: str
    runs: Path
    texts: Path
    inputs: dict[str, str]
    """What varies in each usable run, normalized, in the order of `texts`."""
    words: dict[str, int]
    """How long the template before it is, but for rare interactions; empty where not known."""
    rare: frozenset[str]
    """Runs of interactions that have six runs and fewer."""
    planted: list[dict[str, Any]]
    """Pairs of usable runs: what, run, of, similarity."""


def generated(folder: Path, runs: int, seed: int) -> Material:
    """The generator's runs."""
    truth = generate.write(folder, runs, seed)
    rows = {row["id"]: row for row in map(json.loads, read_lines(folder / "inputs.jsonl"))}
    order = _write_texts(folder / "runs.jsonl", folder / "texts.jsonl")
    return Material(
        name="generator",
        runs=folder / "runs.jsonl",
        texts=folder / "texts.jsonl",
        inputs={one: normalized(rows[one]["input"]) for one in order},
        words={one: rows[one]["template_words"] for one in order if not rows[one]["rare"]},
        rare=frozenset(one for one in order if rows[one]["rare"]),
        planted=truth["planted"],
    )


def inputs_alone(whole: Material, folder: Path) -> Material:
    """The same runs, but a text is only what varies and the answer, as if cut out by hand."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = folder / "texts.jsonl"
    rows = {
        row["id"]: row for row in map(json.loads, read_lines(whole.runs.parent / "inputs.jsonl"))
    }
    with texts.open("w", encoding="utf-8") as file:
        for run in map(json.loads, read_lines(whole.runs)):
            answer = record_of(run)[-1]["content"]
            file.write(_line(run["id"], f"{rows[run['id']]['input']}\n{answer}"))
    return replace(whole, name="inputs alone", texts=texts)


def open_data(runs: Path, truth: Path, folder: Path) -> Material:
    """Real runs with a planted truth; only pairs that are alike by the rule count as duplicates."""
    folder.mkdir(parents=True, exist_ok=True)
    order = _write_texts(runs, folder / "texts.jsonl")
    documents = (json.loads(line) for line in read_lines(runs))
    found = {run["id"]: normalized(input_of_run(run)) for run in documents if usable(run)}
    inputs = {one: found[one] for one in order}
    return Material(
        name="open data",
        runs=runs,
        texts=folder / "texts.jsonl",
        inputs=inputs,
        words={},
        rare=frozenset(),
        planted=_planted(truth, inputs),
    )


def _planted(truth: Path, inputs: dict[str, str]) -> list[dict[str, Any]]:
    pairs = []
    for fact in json.loads(truth.read_bytes())["planted"]:
        if fact["what"] not in KINDS or not {fact["run"], fact["of"]} <= inputs.keys():
            continue
        alike = jaccard(*(shingles(inputs[fact[key]]) for key in ("run", "of")))
        if alike >= 0.8:
            pairs.append(fact | {"what": KINDS[fact["what"]], "similarity": alike})
    return pairs


def _write_texts(runs: Path, texts: Path) -> list[str]:
    order = []
    with texts.open("w", encoding="utf-8") as file:
        for run in map(json.loads, read_lines(runs)):
            if usable(run):
                text = "\n".join(message["content"] for message in record_of(run))
                file.write(_line(run["id"], text))
                order.append(run["id"])
    return order


def _line(run: str, text: str) -> str:
    return json.dumps({"id": run, "text": text}, ensure_ascii=False) + "\n"
