"""Whole builds from files: what comes out, what is said of every run, and always the same bytes."""

import json
import os
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipeline.build import BuildResult, build_dataset
from pipeline.build.telling.life import explain_run
from pipeline.errors import Busy, GateRefused, NotFound, SourceUnreadable, UsageError
from pipeline.ledger import LEDGER_SCHEMA
from pipeline.manifest import verify_files
from pipeline.spec import BuildSpec, load_spec
from pipeline.storage import hold_folder

Writer = Callable[[Sequence[dict[str, Any]], str], Path]
Runs = list[dict[str, Any]]


def spec_of(work_dir: Path, *files: Path, **words: Any) -> BuildSpec:
    overrides = {name.replace("__", "."): value for name, value in words.items()}
    overrides |= {
        "source.runs": tuple(map(str, files)),
        "run.work_dir": str(work_dir),
        "run.workers": words.get("run__workers", 1),
    }
    return load_spec(None, environ={}, overrides=overrides)


@pytest.fixture
def built(runs: Runs, write_runs: Writer, tmp_path: Path) -> BuildResult:
    return build_dataset(spec_of(tmp_path / "work", write_runs(runs, "runs.jsonl")))


def ledger(result: BuildResult) -> list[dict[str, Any]]:
    table = pq.read_table(result.path / "ledger.parquet")
    assert table.schema.equals(LEDGER_SCHEMA)
    return table.to_pylist()


def dataset_bytes(result: BuildResult) -> dict[str, bytes]:
    folder = result.dataset
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "manifest.json"
    }


def test_every_pulled_run_has_one_row_and_one_fate(built: BuildResult, runs: Runs) -> None:
    rows = ledger(built)
    assert sorted(row["run_id"] for row in rows) == sorted(run["id"] for run in runs)
    fates = Counter(row["code"] or row["outcome"] for row in rows)
    assert fates == {
        "kept": 60,
        "conflict": 3,
        "exact_duplicate": 1,
        "near_duplicate": 1,
        "status": 1,
        "truncated_answer": 1,
        "empty_answer": 1,
        "answer_breaks_schema": 1,
        "inputs_not_stored": 1,
        "unknown_prompt_shape": 1,
    }
    tally = built.manifest.tally
    assert tally.pulled == len(runs)
    assert tally.kept == sum(row["outcome"] == "kept" for row in rows)


def test_the_best_of_a_conflict_stays(built: BuildResult, runs: Runs) -> None:
    by_id = {row["run_id"]: row for row in ledger(built)}
    best = f"{1003:024x}"
    assert by_id[best]["outcome"] == "kept"
    assert by_id[runs[0]["id"]]["code"] == "conflict"
    assert by_id[runs[0]["id"]]["matched_run_id"] == best


def test_the_dataset_is_the_kept_records_and_nothing_else(built: BuildResult) -> None:
    kept = {row["run_id"]: row["split"] for row in ledger(built) if row["outcome"] == "kept"}
    lines = pq.read_table(built.dataset / "openai" / "lines.parquet").to_pylist()
    assert {line["run_id"]: line["split"] for line in lines} == kept
    for split, path in built.files["openai"].items():
        texts = Path(path).read_text().splitlines()
        assert len(texts) == built.manifest.splits[split]
        for text in texts:
            assert json.loads(text)["messages"][-1]["role"] == "assistant"
    verify_files(built.dataset, built.manifest)


def test_lines_stand_in_the_order_of_their_record_ids(built: BuildResult) -> None:
    table = pq.read_table(built.dataset / "openai" / "lines.parquet")
    for split in ("train", "validation"):
        ids = table.filter(pc.equal(table["split"], split))["record_id"].to_pylist()
        assert len(ids) > 1
        assert ids == sorted(ids)


def test_the_manifest_proves_the_cut(built: BuildResult) -> None:
    assert built.manifest.proof.pairs_at_or_above == 0


@pytest.mark.parametrize("workers", [1, 2])
def test_order_files_and_workers_do_not_change_a_byte(
    workers: int,
    runs: Runs,
    built: BuildResult,
    write_runs: Writer,
    shuffled: Callable[[Runs], Runs],
    tmp_path: Path,
) -> None:
    other = shuffled(runs)
    files = [write_runs(other[:20], "one.jsonl"), write_runs(other[20:], "two.jsonl")]
    result = build_dataset(spec_of(tmp_path / "other", *files, run__workers=workers))
    assert dataset_bytes(result) == dataset_bytes(built)
    assert sorted(ledger(result), key=str) == sorted(ledger(built), key=str)


def test_the_same_build_again_does_nothing(built: BuildResult, tmp_path: Path) -> None:
    again = build_dataset(spec_of(tmp_path / "work", tmp_path / "runs.jsonl"))
    assert again.unchanged
    assert again.manifest == built.manifest


def test_another_spec_is_another_build(built: BuildResult, tmp_path: Path) -> None:
    spec = spec_of(tmp_path / "work", tmp_path / "runs.jsonl", dedupe__conflicts="keep")
    other = build_dataset(spec)
    assert other.build_id != built.build_id
    assert other.manifest.tally.kept == built.manifest.tally.kept + 1


def test_a_group_key_keeps_runs_on_one_side(runs: Runs, write_runs: Writer, tmp_path: Path) -> None:
    for at, run in enumerate(runs):
        run["config"] = {"conversation": f"c{at % 7}"}
    spec = spec_of(
        tmp_path / "work",
        write_runs(runs, "runs.jsonl"),
        split__group_by="config.conversation",
        split__validation=0.4,
    )
    rows = {row["run_id"]: row for row in ledger(build_dataset(spec))}
    sides: dict[str, set[str]] = {}
    for run in runs:
        if rows[run["id"]]["outcome"] == "kept":
            sides.setdefault(run["config"]["conversation"], set()).add(rows[run["id"]]["split"])
    assert all(len(found) == 1 for found in sides.values())
    assert len(set.union(*sides.values())) == 2


def test_lines_that_are_no_runs_are_rejected_by_id_or_by_their_place(
    runs: Runs, tmp_path: Path
) -> None:
    good = [json.dumps(run).encode() for run in runs[:30]]
    bad = {
        "not_json": b'{"id": "x", ',
        "not_a_run": b"[1, 2]",
        "non_finite_number": b'{"id": "x", "prompt": NaN}',
        "lone_surrogate": b'{"id": "x", "prompt": "\\ud800"}',
        "invalid_utf8": b'{"id": "x", "prompt": "\xff"}',
        "too_deep": b'{"id": "x", "prompt": ' + b"[" * 10_000 + b"]" * 10_000 + b"}",
        "too_large": b'{"id": "x", "prompt": "' + b"a" * 5_000_000 + b'"}',
    }
    path = tmp_path / "runs.jsonl"
    path.write_bytes(b"\n".join([*bad.values(), b"", *good]))
    spec = spec_of(tmp_path / "work", path, source__max_run_bytes=4_000_000)
    result = build_dataset(spec)
    rows = [row for row in ledger(result) if row["outcome"] == "rejected"]
    named = dict.fromkeys(("invalid_utf8", "too_large"), "x")
    places = {code: f"<runs.jsonl:{number}>" for number, code in enumerate(bad, 1)}
    assert {row["code"]: row["run_id"] for row in rows} == places | named
    assert result.manifest.tally.pulled == len(good) + len(bad)


def test_one_run_id_twice_keeps_the_newest(runs: Runs, write_runs: Writer, tmp_path: Path) -> None:
    newer = runs[5] | {"result": {"label": "late"}, "updated_at": "2026-04-01T00:00:00.000Z"}
    path = write_runs([*runs[:20], newer], "runs.jsonl")
    result = build_dataset(spec_of(tmp_path / "work", path))
    fates = [row["outcome"] for row in ledger(result) if row["run_id"] == newer["id"]]
    assert sorted(fates) == ["duplicate", "kept"]
    assert result.manifest.tally.duplicates == {"same_run_id": 1}


def test_a_gate_that_says_no_keeps_the_build(
    runs: Runs, write_runs: Writer, tmp_path: Path
) -> None:
    spec = spec_of(
        tmp_path / "work", write_runs(runs, "r.jsonl"), gates__max_code_share={"status": 0.001}
    )
    with pytest.raises(GateRefused, match=r"are status, gates\.max_code_share\.status is 0\.1%"):
        build_dataset(spec)
    assert list((tmp_path / "work" / "builds").glob("*/dataset/manifest.json"))


def test_nothing_left_says_why(runs: Runs, write_runs: Writer, tmp_path: Path) -> None:
    spec = spec_of(
        tmp_path / "work", write_runs(runs, "r.jsonl"), select__interactions=("Another",)
    )
    with pytest.raises(GateRefused, match="every run was rejected"):
        build_dataset(spec)
    assert not list((tmp_path / "work" / "builds").glob("*/dataset/manifest.json"))


def test_sources_that_cannot_be_read_are_sentences(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    blank = tmp_path / "blank.jsonl"
    blank.write_text("\n\n")
    broken = tmp_path / "broken.jsonl.zst"
    broken.write_bytes(b"no zstandard at all")
    for path, said in (
        (tmp_path / "absent.jsonl", "there is no such file"),
        (empty, "is empty"),
        (blank, "holds no run at all"),
        (broken, "cannot be read to its end"),
        (tmp_path / "*.gz", "no file matches"),
    ):
        with pytest.raises(SourceUnreadable, match=said):
            build_dataset(spec_of(tmp_path / "work", path))
    with pytest.raises(UsageError, match="buckets are not built yet"):
        build_dataset(
            load_spec(
                None,
                environ={},
                overrides={"source.runs": ("gs://b/r.jsonl",), "run.work_dir": str(tmp_path / "w")},
            )
        )


def test_a_work_dir_in_use_names_its_owner(write_runs: Writer, runs: Runs, tmp_path: Path) -> None:
    path = write_runs(runs, "r.jsonl")
    with hold_folder(tmp_path / "work"), pytest.raises(Busy, match=f"process {os.getpid()} on"):
        build_dataset(spec_of(tmp_path / "work", path))


def test_explain_tells_what_became_of_a_run(built: BuildResult, runs: Runs) -> None:
    (life,) = explain_run(built, f"{1003:024x}")
    assert life.row.outcome == "kept"
    assert runs[0]["id"] in life.duplicates
    assert len(life.lines) == 1
    with pytest.raises(NotFound, match="ids that begin like it"):
        explain_run(built, "0000000000000000000009ff")


def talk(number: int, turns: list[dict[str, str]], answer: str) -> dict[str, Any]:
    """A stored run of free conversation."""
    return {
        "id": f"{number:024x}",
        "interaction": {"id": "3" * 24, "name": "Talk", "version": 1},
        "status": "completed",
        "prompt": turns,
        "result": answer,
    }


@pytest.fixture
def openings(runs: Runs) -> list[str]:
    return [run["parameters"]["mail"] for run in runs[:60]]


def test_a_line_of_fifty_megabytes_is_left_out_and_the_lines_around_it_are_not(
    runs: Runs, tmp_path: Path
) -> None:
    lines = [json.dumps(run).encode() for run in runs[:12]]
    path = tmp_path / "runs.jsonl"
    with path.open("wb") as file:
        file.write(b"\n".join(lines[:3]) + b'\n{"id": "x", "prompt": "')
        for _ in range(50):
            file.write(b"a" * 1_000_000)
        file.write(b'"}\n' + b"\n".join(lines[3:]))
    result = build_dataset(spec_of(tmp_path / "work", path))
    assert result.manifest.tally.pulled == 13
    assert result.manifest.tally.rejected == {"too_large": 1}
    (rejected,) = [row for row in ledger(result) if row["outcome"] == "rejected"]
    assert rejected["run_id"] == "<runs.jsonl:4>"


def test_the_turns_of_one_conversation_are_on_one_side(
    openings: list[str], write_runs: Writer, tmp_path: Path
) -> None:
    talks = []
    for number, first in enumerate(openings):
        opening = {"role": "user", "content": first}
        answer = f"Thank you for writing. I am looking into case {number * 7919} for you."
        later = f"{number} and in the meantime, what may I do with the old one? " * 6
        talks.append(talk(number * 2, [opening], answer))
        replied = {"role": "assistant", "content": answer}
        turns = [opening, replied, {"role": "user", "content": later}]
        talks.append(talk(number * 2 + 1, turns, f"Keep number {number} until we call you."))
    words = {"split__validation": 0.5, "dedupe__contained": "keep"}
    spec = spec_of(tmp_path / "work", write_runs(talks, "r.jsonl"), **words)
    rows = {row["run_id"]: row for row in ledger(build_dataset(spec))}
    sides = [
        {rows[f"{number * 2 + turn:024x}"]["split"] for turn in (0, 1)} for number in range(60)
    ]
    assert all(len(side) == 1 for side in sides)
    assert set.union(*sides) == {"train", "validation"}


def test_of_a_conversation_that_goes_on_the_longest_run_stays(
    openings: list[str], write_runs: Writer, tmp_path: Path
) -> None:
    asked = {"role": "user", "content": openings[0]}
    said = {"role": "assistant", "content": "Thank you for writing. I am looking into the case."}
    again = {"role": "user", "content": "And what may I do with the old one?"}
    then = {"role": "assistant", "content": "Keep it for now."}
    talks = [
        talk(1, [asked], said["content"]),
        talk(2, [asked, said, again], then["content"]),
        talk(3, [asked, said, again, then, asked], "It is the same case."),
        talk(4, [{"role": "user", "content": openings[1]}], said["content"]),
    ]
    result = build_dataset(spec_of(tmp_path / "work", write_runs(talks, "r.jsonl")))
    rows = {int(row["run_id"], 16): row for row in ledger(result)}
    assert {number: row["code"] for number, row in rows.items()} == {
        1: "contained_conversation",
        2: "contained_conversation",
        3: None,
        4: None,
    }
    assert int(rows[1]["matched_run_id"], 16) == 3
    assert rows[1]["similarity"] is None
    assert rows[1]["stage"] == "dedupe"


@pytest.mark.parametrize(
    ("mode", "left"), [("same_parameters", {1}), ("step", {1, 2}), ("off", set())]
)
def test_of_the_tries_of_a_workflow_step_the_latest_stays(
    mode: str, left: set[int], openings: list[str], write_runs: Writer, tmp_path: Path
) -> None:
    step = {"workflow_id": "Intake:1", "run_id": "01970d37", "activity_type": "summarize"}
    tries = [
        {**talk(number, [{"role": "user", "content": openings[number]}], answer), **fields}
        for number, answer, fields in (
            (1, "A lamp.", {"parameters": {"a": 1, "b": 2}, "created_at": "2026-03-01T10:00:00Z"}),
            (2, "A sofa.", {"parameters": {"a": 2}, "created_at": "2026-03-01T11:00:00Z"}),
            (3, "A desk.", {"parameters": {"b": 2, "a": 1}, "created_at": "2026-03-01T12:00:00Z"}),
        )
    ]
    tries = [{**one, "workflow": step, "updated_at": "2026-04-01T10:00:00Z"} for one in tries]
    other = {**tries[0], "id": f"{9:024x}", "workflow": {**step, "run_id": "another"}}
    other["prompt"] = [{"role": "user", "content": openings[9]}]
    spec = spec_of(
        tmp_path / "work", write_runs([*tries, other], "r.jsonl"), labels__superseded=mode
    )
    rows = ledger(build_dataset(spec))
    replaced = [row for row in rows if row["code"] == "superseded"]
    assert {int(row["run_id"], 16) for row in replaced} == left
    assert {int(row["matched_run_id"], 16) for row in replaced} == ({3} if left else set())
    assert {row["stage"] for row in replaced} == ({"labels"} if left else set())
