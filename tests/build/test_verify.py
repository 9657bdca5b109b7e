"""What verify finds: nothing in a sound build, and every harm in one that was harmed."""

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from pipeline.build import BuildResult, build_dataset
from pipeline.build.verify import Checked, Verification, verify_folder
from pipeline.manifest import FileDigests, read_manifest, write_manifest
from pipeline.spec import BuildSpec, load_spec

Runs = list[dict[str, Any]]
Writer = Callable[[Sequence[dict[str, Any]], str], Path]


def spec_of(work_dir: Path, *files: Path, **words: Any) -> BuildSpec:
    overrides = {name.replace("__", "."): value for name, value in words.items()}
    overrides |= {"source.runs": tuple(map(str, files)), "run.work_dir": str(work_dir)}
    return load_spec(None, environ={}, overrides={"run.workers": 1, **overrides})


@pytest.fixture
def built(runs: Runs, write_runs: Writer, tmp_path: Path) -> BuildResult:
    return build_dataset(spec_of(tmp_path / "work", write_runs(runs, "runs.jsonl")))


def verify(build: BuildResult) -> Verification:
    return verify_folder(build.path, workers=1)


def broken(found: Verification) -> dict[str, list[str]]:
    """The rules that are broken, by check."""
    return {
        check.check: [one.rule for one in check.broken] for check in found.checks if check.broken
    }


def check_of(found: Verification, name: str) -> Checked:
    (check,) = (one for one in found.checks if one.check == name)
    return check


def said(found: Verification, check: str, rule: str) -> tuple[str, ...]:
    (one,) = (one for one in check_of(found, check).broken if one.rule == rule)
    return one.examples


def rewrite(path: Path, change: Callable[[pa.Table], pa.Table]) -> None:
    pq.write_table(change(pq.read_table(path)), path)


def put(table: pa.Table, row: int, **values: Any) -> pa.Table:
    for name, value in values.items():
        column = table[name].to_pylist()
        column[row] = value
        at = table.schema.get_field_index(name)
        table = table.set_column(
            at, table.schema.field(at), pa.array(column, table.schema.field(at).type)
        )
    return table


def row_of(path: Path, run_id: str) -> int:
    return pq.read_table(path)["run_id"].to_pylist().index(run_id)


def change_row(path: Path, run_id: str, **values: Any) -> None:
    row = row_of(path, run_id)
    rewrite(path, lambda table: put(table, row, **values))


def sign_again(build: BuildResult) -> None:
    """Let the manifest sign the files as they are now."""
    manifest = read_manifest(build.dataset)
    files = []
    for file in manifest.files:
        digests = FileDigests.of_file(build.dataset / file.path)
        files.append(
            msgspec.structs.replace(
                file, bytes=digests.bytes, sha256=digests.sha256, crc32c=digests.crc32c
            )
        )
    write_manifest(build.dataset, msgspec.structs.replace(manifest, files=tuple(files)))


def edited(run: dict[str, Any], number: int) -> dict[str, Any]:
    """The same question with another end, and one of three answers."""
    text = run["parameters"]["mail"] + ("", "!", " ?", "..")[number // 40]
    prompt = [run["prompt"][0], {"role": "user", "content": f"Mail:\n{text}"}]
    answer = {"label": ("late", "parts", "billing")[number % 3]}
    changed = {"prompt": prompt, "parameters": {"mail": text}, "result": answer}
    return {**run, **changed, "id": f"e{number:023x}"}


def ledger_rows(build: BuildResult) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(build.path / "ledger.parquet").to_pylist()
    return rows


def test_a_sound_build_holds(built: BuildResult) -> None:
    found = verify(built)
    assert broken(found) == {}
    assert {check.verdict for check in found.checks} == {"holds"}
    assert len(found.checks) == 10


@pytest.mark.parametrize(
    "words",
    [
        {"dedupe__conflicts": "keep"},
        {"dedupe__conflicts": "drop"},
        {"dedupe__conflicts": "majority"},
        {"dedupe__conflicts": "pairs", "dedupe__best_of": 2},
        {"dedupe__conflicts": "keep", "dedupe__best_of": 3},
        {"dedupe__conflicts": "drop", "dedupe__best_of": 2},
        {"dedupe__near": False},
        {"dedupe__near": False, "dedupe__conflicts": "keep"},
        {"dedupe__threshold": 0.9, "dedupe__answer_threshold": 0.6},
        {"split__group_by": "parameters.mail", "redact__default": "mask"},
    ],
)
def test_a_sound_build_of_every_policy_holds(
    words: dict[str, Any], runs: Runs, write_runs: Writer, tmp_path: Path
) -> None:
    more = [edited(run, at) for at, run in enumerate(runs[:40] * 4)]
    spec = spec_of(tmp_path / "work", write_runs([*runs, *more], "runs.jsonl"), **words)
    assert broken(verify(build_dataset(spec))) == {}


def test_the_number_of_workers_changes_nothing(built: BuildResult) -> None:
    assert verify_folder(built.path, workers=2) == verify(built)


def test_nothing_is_written_into_the_build(built: BuildResult) -> None:
    before = {path: path.stat().st_mtime_ns for path in built.path.rglob("*")}
    verify(built)
    assert {path: path.stat().st_mtime_ns for path in built.path.rglob("*")} == before


EVERY_FILE = [
    ("dataset/manifest.json", "manifest"),
    ("dataset/openai/train.jsonl", "files"),
    ("dataset/openai/validation.jsonl", "files"),
    ("dataset/openai/lines.parquet", "files"),
    ("ledger.parquet", "ledger"),
    ("1-pull/part-00000.parquet", "shelves"),
    ("1-pull/_manifest.json", "shelves"),
    ("2-normalize/part-00000.parquet", "shelves"),
    ("2-normalize/rejected-00000.parquet", "shelves"),
    ("2-normalize/_manifest.json", "shelves"),
    ("3-validate/part-00000.parquet", "shelves"),
    ("4-dedupe/part-00000.parquet", "shelves"),
    ("4-dedupe/_manifest.json", "shelves"),
    ("5-split/part-00000.parquet", "shelves"),
    ("5-split/_manifest.json", "shelves"),
]


def place_in(path: Path, data: bytes) -> int:
    """Of a byte that says something: pages have fields, statistics for one, that nobody reads."""
    if path.name == "_manifest.json":
        return data.index(b'"rows":[') + 8
    if path.suffix != ".parquet":
        return len(data) // 3
    first = pq.read_metadata(path).row_group(0).column(0)
    begin = first.dictionary_page_offset or first.data_page_offset
    return int(begin + first.total_compressed_size - 4)


@pytest.mark.parametrize(("name", "check"), EVERY_FILE)
def test_a_flipped_byte_is_found(name: str, check: str, built: BuildResult) -> None:
    path = built.path / name
    data = bytearray(path.read_bytes())
    data[place_in(path, bytes(data))] ^= 1
    path.write_bytes(data)
    found = verify(built)
    assert check in broken(found)
    if name.endswith(".parquet"):
        told = [text for one in check_of(found, check).broken for text in one.examples]
        assert any(Path(name).name in text for text in told)


@pytest.mark.parametrize(("name", "check"), EVERY_FILE)
def test_a_missing_file_is_found(name: str, check: str, built: BuildResult) -> None:
    (built.path / name).unlink()
    found = verify(built)
    verdict = check_of(found, check).verdict
    assert verdict == ("not checked" if name == "ledger.parquet" else "broken")


@pytest.mark.parametrize(("name", "check"), EVERY_FILE)
@pytest.mark.parametrize("harm", [b"", b"PAR1 and nothing else", b"{", b"\xff\xfe\x00"])
def test_nonsense_in_a_file_is_found(
    name: str, check: str, harm: bytes, built: BuildResult
) -> None:
    (built.path / name).write_bytes(harm)
    assert check in broken(verify(built))


def test_no_byte_of_a_shelf_can_change_what_is_read_unseen(built: BuildResult) -> None:
    path = built.path / "4-dedupe" / "part-00000.parquet"
    whole, table = path.read_bytes(), pq.read_table(path)
    for place in range(0, len(whole), 211):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 64]) + whole[place + 1 :])
        if broken(verify(built)) == {}:
            assert pq.read_table(path).equals(table)


def test_a_file_that_nobody_signed_is_found(built: BuildResult) -> None:
    (built.dataset / "openai" / "extra.jsonl").write_text("{}\n")
    assert said(verify(built), "files", "no file of the dataset") == ("openai/extra.jsonl",)


def test_a_word_of_the_manifest_that_was_changed_is_found(built: BuildResult) -> None:
    path = built.dataset / "manifest.json"
    manifest = json.loads(path.read_bytes())
    manifest["spec"]["split"]["salt"] = "another"
    path.write_text(json.dumps(manifest))
    assert broken(verify(built)) == {"manifest": ["the manifest was changed after it was written"]}


def test_a_ledger_row_that_was_dropped_is_named(built: BuildResult) -> None:
    rows = ledger_rows(built)
    lost = next(row["run_id"] for row in rows if row["outcome"] == "kept")
    rewrite(
        built.path / "ledger.parquet",
        lambda table: table.filter(pc.not_equal(table["run_id"], lost)),
    )
    found = verify(built)
    assert said(found, "ledger", "a pulled run has no row") == (lost,)
    assert "a sum is not the manifest's" in broken(found)["ledger"]


def test_a_ledger_row_too_many_is_named(built: BuildResult) -> None:
    rewrite(
        built.path / "ledger.parquet", lambda table: pa.concat_tables([table, table.slice(3, 1)])
    )
    rows = ledger_rows(built)
    found = verify(built)
    assert said(found, "ledger", "a row is of no pulled run") == (rows[3]["run_id"],)


@pytest.mark.parametrize("signed", [False, True])
def test_two_lines_that_were_swapped_are_named(*, signed: bool, built: BuildResult) -> None:
    path = built.dataset / "openai" / "train.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    lines[2], lines[7] = lines[7], lines[2]
    path.write_text("".join(lines))
    if signed:
        sign_again(built)
    found = verify(built)
    index = pq.read_table(built.dataset / "openai" / "lines.parquet").to_pylist()
    of_line = {row["line"]: row["run_id"] for row in index if row["split"] == "train"}
    assert said(found, "lines", "a line is not the record of its run") == (
        f"openai/train line 3: run {of_line[3]}",
        f"openai/train line 8: run {of_line[8]}",
    )
    assert ("files" in broken(found)) is not signed


def test_a_line_that_the_provider_refuses_is_named(built: BuildResult) -> None:
    path = built.dataset / "openai" / "train.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    lines[4] = '{"messages": [{"role": "user", "content": "alone"}]}\n'
    path.write_text("".join(lines))
    sign_again(built)
    told = said(verify(built), "lines", "a line that the provider refuses")
    assert len(told) == 1
    assert told[0].startswith("openai/train.jsonl line 5: ")


def test_a_run_that_was_moved_to_the_other_split_is_named(built: BuildResult) -> None:
    moved = next(row for row in ledger_rows(built) if row["split"] == "validation")
    change_row(built.path / "ledger.parquet", moved["run_id"], split="train")
    found = verify(built)
    assert said(found, "lines", "a run is in another split in openai") == (moved["run_id"],)
    told = said(found, "ledger", "a row is not what the shelves say")
    assert told == (f"{moved['run_id']}: split is train, the shelves have validation",)


def divide(build: BuildResult, one: str, other: str) -> None:
    """Put one run on the train side and the other on the validation side, ledger and shelf."""
    for path in (build.path / "ledger.parquet", build.path / "5-split" / "part-00000.parquet"):
        change_row(path, one, split="train")
        change_row(path, other, split="validation")


def test_a_leak_over_the_cut_is_named(runs: Runs, write_runs: Writer, tmp_path: Path) -> None:
    spec = spec_of(tmp_path / "w", write_runs(runs, "runs.jsonl"), dedupe__conflicts="keep")
    build = build_dataset(spec)
    one, other = f"{1002:024x}", f"{1003:024x}"
    divide(build, one, other)
    found = verify(build)
    rule = "two inputs on two sides are at least 0.8 alike"
    assert f"{one} (train) and {other} (validation)" in said(found, "cut", rule)
    assert f"{one} (train) and {other} (validation)" in said(
        found, "split", "a component lies on two sides"
    )


def test_a_conversation_on_two_sides_is_named(
    write_runs: Writer, runs: Runs, tmp_path: Path
) -> None:
    talk = [
        {"role": "user", "content": "My lamp came broken, the box was wet, and nobody answers me."},
        {"role": "assistant", "content": "I am sorry about that. A new one is on its way to you."},
        {"role": "user", "content": "And what about the forty euros that I had paid for express?"},
    ]
    first = {**runs[0], "id": "f" * 23 + "1", "prompt": talk[:1], "parameters": None}
    later = {**runs[0], "id": "f" * 23 + "2", "prompt": talk, "parameters": None}
    first |= {"result": talk[1]["content"], "result_schema": None}
    later |= {"result": "They come back to you within the week.", "result_schema": None}
    spec = spec_of(
        tmp_path / "w", write_runs([*runs, first, later], "r.jsonl"), dedupe__contained="keep"
    )
    build = build_dataset(spec)
    divide(build, first["id"], later["id"])
    for path in (build.path / "ledger.parquet", build.path / "5-split" / "part-00000.parquet"):
        change_row(path, first["id"], component=first["id"])
        change_row(path, later["id"], component=later["id"])
    told = said(verify(build), "split", "a conversation lies on two sides")
    assert told == (f"{later['id']} (validation) and {first['id']} (train)",)


def test_a_matched_id_that_was_edited_is_named(built: BuildResult) -> None:
    rows = ledger_rows(built)
    left = next(row for row in rows if row["code"] == "near_duplicate")
    other = next(
        row["run_id"]
        for row in rows
        if row["outcome"] == "kept" and row["run_id"] != left["matched_run_id"]
    )
    shelf = built.path / "4-dedupe" / "part-00000.parquet"
    for path in (built.path / "ledger.parquet", shelf):
        change_row(path, left["run_id"], matched_run_id=other)
    found = verify(built)
    assert "ledger" not in broken(found)
    told = said(found, "dedupe", "it left as a duplicate and its input is not alike")
    assert len(told) == 1
    assert told[0].startswith(f"{left['run_id']} and {other}: 0.")


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"matched_run_id": "nobody"}, "it names a run that is not in the ledger"),
        ({"matched_run_id": None}, "a run left for another and names none"),
        ({"matched_run_id": f"{1002:024x}"}, "it names a run that does not stay"),
        ({"code": "status"}, "a duplicate has no code of the list"),
        ({"stage": "guess"}, "a stage that does not exist"),
        ({"outcome": "lost"}, "an outcome that does not exist"),
        ({"split": "train"}, "a run that left has a split"),
    ],
)
def test_a_word_of_the_ledger_that_was_changed_is_named(
    change: dict[str, Any], rule: str, built: BuildResult
) -> None:
    left = next(row["run_id"] for row in ledger_rows(built) if row["code"] == "exact_duplicate")
    change_row(built.path / "ledger.parquet", left, **change)
    (told,) = said(verify(built), "ledger", rule)
    assert left in told


def test_a_similarity_that_was_changed_is_named(built: BuildResult) -> None:
    left = next(row for row in ledger_rows(built) if row["code"] == "near_duplicate")
    change_row(built.path / "ledger.parquet", left["run_id"], similarity=left["similarity"] + 1e-4)
    (told,) = said(verify(built), "dedupe", "its similarity is not the one computed")
    assert told.startswith(f"{left['run_id']} and {left['matched_run_id']}: ")


def test_two_alike_that_stay_are_named(built: BuildResult) -> None:
    """As if the comparison had missed a pair: a duplicate is declared kept."""
    left = next(row for row in ledger_rows(built) if row["code"] == "near_duplicate")
    stayer = left["matched_run_id"]
    change_row(
        built.path / "ledger.parquet",
        left["run_id"],
        outcome="kept",
        code=None,
        stage="write",
        split="train",
    )
    (told,) = said(verify(built), "dedupe", "two that stay are alike")
    assert set(told.split(" and ")) == {left["run_id"], stayer}


@pytest.mark.parametrize("conflicts", ["best", "keep"])
def test_more_alike_ones_than_may_stay_are_named(
    conflicts: str, runs: Runs, write_runs: Writer, tmp_path: Path
) -> None:
    more = [{**edited(runs[0], at * 40), "result": runs[0]["result"]} for at in range(4)]
    build = build_dataset(
        spec_of(
            tmp_path / "work",
            write_runs([*runs[:9], *more], "runs.jsonl"),
            dedupe__best_of=2,
            dedupe__conflicts=conflicts,
        )
    )
    assert broken(verify(build)) == {}
    left = next(row for row in ledger_rows(build) if row["code"] == "near_duplicate")
    change_row(
        build.path / "ledger.parquet", left["run_id"], outcome="kept", code=None, split="train"
    )
    told = said(verify(build), "dedupe", "more than 2 that are alike stay")
    assert len(told) == 3
    assert any(left["run_id"] in pair for pair in told)


def test_a_record_that_was_edited_is_named(built: BuildResult) -> None:
    path = built.path / "2-normalize" / "part-00000.parquet"
    kept = next(row["run_id"] for row in ledger_rows(built) if row["outcome"] == "kept")
    record = pq.read_table(path)["record"][row_of(path, kept)].as_py()
    change_row(path, kept, record=record.replace(b"The", b"Tha", 1))
    found = verify(built)
    (told,) = said(found, "records", "a record has not the id of its bytes")
    assert told.startswith(kept)
    assert "lines" in broken(found)


def test_templates_that_were_changed_are_found(built: BuildResult) -> None:
    path = built.path / "4-dedupe" / "_templates.json"
    ((key, template),) = json.loads(path.read_bytes())
    path.write_text(json.dumps([[key, {**template, "pieces": [" of the order 0 arrived broken"]}]]))
    assert "its similarity is not the one computed" in broken(verify(built))["dedupe"]
    path.unlink()
    (told,) = said(verify(built), "dedupe", "the check could not be finished")
    assert "the templates that were learned are missing" in told


def test_a_dataset_without_its_shelves_is_checked_as_far_as_it_goes(
    built: BuildResult, tmp_path: Path
) -> None:
    copied = tmp_path / "copied"
    shutil.copytree(built.dataset, copied)
    found = verify_folder(copied, workers=1)
    verdicts = {check.check: check.verdict for check in found.checks}
    assert {name for name, verdict in verdicts.items() if verdict == "holds"} == {
        "manifest", "files", "lines",
    }  # fmt: skip
    assert set(verdicts.values()) == {"holds", "not checked"}
    path = copied / "openai" / "train.jsonl"
    path.write_text(path.read_text().replace("assistant", "asistant", 1))
    assert set(broken(verify_folder(copied, workers=1))) == {"files", "lines"}


def test_only_the_first_twenty_are_named_and_all_are_counted(built: BuildResult) -> None:
    path = built.dataset / "openai" / "train.jsonl"
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(reversed(lines)))
    check = check_of(verify(built), "lines")
    assert [(one.count, len(one.examples)) for one in check.broken] == [
        (len(lines) - len(lines) % 2, 20)
    ]
