"""Builds against other sets: evaluation files in every form, earlier builds, and what is wrong."""

import gzip
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard

from pipeline.build import BuildResult, build_dataset
from pipeline.build.telling.life import explain_run
from pipeline.build.verify import verify_folder
from pipeline.errors import GateRefused, IntegrityError, SourceUnreadable, UsageError
from pipeline.spec import BuildSpec, load_spec

Writer = Callable[[Sequence[dict[str, Any]], str], Path]
Runs = list[dict[str, Any]]
LAMP = "The lamp of order 2 has not been delivered since the second of May!"
"""What the run of that number asks."""
UNRELATED = "Who wrote the second symphony that was first played in Vienna in 1803?"


def spec_of(work_dir: Path, runs: Path, *against: str | Path, **words: Any) -> BuildSpec:
    overrides = {name.replace("__", "."): value for name, value in words.items()}
    overrides |= {
        "source.runs": (str(runs),),
        "against.sets": tuple(map(str, against)),
        "run.work_dir": str(work_dir),
        "run.workers": words.get("run__workers", 1),
    }
    return load_spec(None, environ={}, overrides=overrides)


Build = Callable[..., BuildResult]


@pytest.fixture
def build(runs: Runs, write_runs: Writer, tmp_path: Path) -> Build:
    """Build the fixture's runs, or others, against sets."""
    path = write_runs(runs, "runs.jsonl")

    def build(*against: str | Path, source: Path = path, **words: Any) -> BuildResult:
        return build_dataset(spec_of(tmp_path / "work", source, *against, **words))

    return build


def ledger(result: BuildResult) -> dict[str, dict[str, Any]]:
    rows = pq.read_table(result.path / "ledger.parquet").to_pylist()
    return {row["run_id"]: row for row in rows}


def named(number: int) -> str:
    return f"{number:024x}"


def dataset_bytes(result: BuildResult) -> dict[str, bytes]:
    paths = sorted(result.dataset.rglob("*.*"))
    return {path.name: path.read_bytes() for path in paths if path.name != "manifest.json"}


def left(result: BuildResult, code: str = "contaminated") -> set[str]:
    return {run_id for run_id, row in ledger(result).items() if row["code"] == code}


def write(path: Path, *documents: Any) -> Path:
    path.write_text("".join(json.dumps(document) + "\n" for document in documents))
    return path


def in_jsonl(folder: Path) -> Path:
    return write(folder / "set.jsonl", {"question": UNRELATED}, {"question": LAMP})


def in_json(folder: Path) -> Path:
    path = folder / "set.json"
    path.write_text(json.dumps([{"question": UNRELATED}, {"question": LAMP}], indent=2))
    return path


def in_wrapped_json(folder: Path) -> Path:
    path = folder / "set.json"
    path.write_text(json.dumps({"data": [{"question": UNRELATED}, {"question": LAMP}]}))
    return path


def in_lines_called_json(folder: Path) -> Path:
    return write(folder / "set.json", {"question": UNRELATED}, {"question": LAMP})


def in_text(folder: Path) -> Path:
    path = folder / "set.txt"
    path.write_text(f"{UNRELATED}\r\n{LAMP}\r\n")
    return path


def in_gzip(folder: Path) -> Path:
    path = folder / "set.jsonl.gz"
    path.write_bytes(gzip.compress(in_jsonl(folder).read_bytes()))
    return path


def in_zstd(folder: Path) -> Path:
    path = folder / "set.txt.zst"
    path.write_bytes(zstandard.compress(in_text(folder).read_bytes()))
    return path


def in_parquet(folder: Path) -> Path:
    path = folder / "set.parquet"
    pq.write_table(pa.table({"question": [UNRELATED, LAMP], "answer": [1, 2]}), path)
    return path


def in_chat_parquet(folder: Path) -> Path:
    path = folder / "set.parquet"
    talks = [[{"role": "user", "content": text}] for text in (UNRELATED, LAMP)]
    pq.write_table(pa.table({"messages": talks}), path)
    return path


def in_raw_parquet(folder: Path) -> Path:
    path = folder / "set.parquet"
    documents = [json.dumps({"text": text}, indent=1) for text in (UNRELATED, LAMP)]
    pq.write_table(pa.table({"raw": documents}), path)
    return path


@pytest.mark.parametrize(
    ("make", "place"),
    [
        (in_jsonl, "line"),
        (in_json, "item"),
        (in_wrapped_json, "item"),
        (in_lines_called_json, "item"),
        (in_text, "line"),
        (in_gzip, "line"),
        (in_zstd, "line"),
        (in_parquet, "row"),
        (in_chat_parquet, "row"),
        (in_raw_parquet, "row"),
    ],
)
def test_a_run_near_an_item_leaves_and_names_it(
    make: Callable[[Path], Path], place: str, build: Build, tmp_path: Path
) -> None:
    path = make(tmp_path)
    result = build(path)
    assert left(result) == {named(2)}
    row = ledger(result)[named(2)]
    assert (row["outcome"], row["stage"]) == ("rejected", "dedupe")
    assert row["matched_run_id"] == f"<{path.name}:2>"
    assert 0.85 < row["similarity"] < 1
    assert row["detail"] == f"input {row['similarity']:.2f} alike to {place} 2 of {path.name}"
    assert row["split"] is None


def test_an_exported_run_is_read_as_the_build_s_runs_are(
    build: Build, runs: Runs, tmp_path: Path
) -> None:
    exported = {**runs[2], "id": "e" * 24, "result": None}
    result = build(write(tmp_path / "held-out.jsonl", exported))
    row = ledger(result)[named(2)]
    assert (row["code"], row["matched_run_id"]) == ("contaminated", "e" * 24)
    assert row["detail"] == f"input 1.00 alike to run {'e' * 24} of held-out.jsonl"
    assert left(result) == {named(2)}


def test_the_answer_does_not_matter(build: Build, runs: Runs, tmp_path: Path) -> None:
    """The same text came three times, with two answers: a conflict no longer."""
    text = runs[0]["parameters"]["mail"]
    result = build(write(tmp_path / "set.jsonl", {"prompt": text, "completion": "other"}))
    assert left(result) == {named(number) for number in (0, 1001, 1002, 1003)}
    assert "conflict" in build().manifest.tally.rejected


def test_a_contaminated_run_is_not_the_reason_why_another_leaves(
    build: Build, runs: Runs, write_runs: Writer, tmp_path: Path
) -> None:
    """Of three in a chain the middle one stays alone; without it each end stays."""
    words = [f"word{number * 7919}" for number in range(40)]
    first, third = words.copy(), words.copy()
    first[3:6] = ["alpha", "beta", "gamma"]
    third[30:33] = ["delta", "epsilon", "zeta"]
    talks = [" ".join(one) for one in (first, words, third)]
    chain = [
        {**runs[2], "id": named(7000 + at), "parameters": {}, "prompt": prompt}
        for at, text in enumerate(talks)
        for prompt in [[{"role": "user", "content": text}]]
    ]
    chain[1]["evaluation"] = {"score": 1.0}
    source = write_runs([*runs, *chain], "more.jsonl")
    ends = named(7000), named(7002)
    assert {ledger(build(source=source))[end]["code"] for end in ends} == {"near_duplicate"}
    item = write(tmp_path / "set.jsonl", {"text": talks[1]})
    rows = ledger(build(item, source=source, against__threshold=0.99))
    assert rows[named(7001)]["code"] == "contaminated"
    assert {rows[end]["outcome"] for end in ends} == {"kept"}


def test_an_item_inside_a_longer_input_is_found_unless_it_is_switched_off(
    build: Build, runs: Runs, write_runs: Writer, tmp_path: Path
) -> None:
    long = f"{UNRELATED} Think of the year, of the city and of those who sat in the hall. " * 2
    run = {**runs[2], "id": named(8000), "prompt": [{"role": "user", "content": long}]}
    source = write_runs([*runs, {**run, "parameters": {}}], "more.jsonl")
    items = write(tmp_path / "set.jsonl", {"question": UNRELATED}, {"question": "Who?"})
    row = ledger(build(items, source=source))[named(8000)]
    assert row["code"] == "contaminated"
    assert row["similarity"] == 1.0
    assert row["detail"] == "input holds 1.00 of line 1 of set.jsonl"
    other = build(items, source=source, against__contained=False)
    assert ledger(other)[named(8000)]["outcome"] == "kept"


def test_items_in_the_words_of_a_template_are_compared_without_them(
    build: Build, runs: Runs
) -> None:
    """Lines of an own dataset carry the template of their interaction: it makes nothing alike."""
    first = build(split__validation=0.3)
    validation = Path(first.files["openai"]["validation"])
    lines = pq.read_table(first.dataset / "openai" / "lines.parquet").to_pylist()
    held_out = {line["run_id"] for line in lines if line["split"] == "validation"}
    result = build(validation)
    near = {row["run_id"]: row["matched_run_id"] for row in ledger(first).values() if row["code"]}
    copies = {run_id for run_id, match in near.items() if match in held_out}
    assert len(held_out) > 10
    assert left(result) == held_out | copies
    assert len(runs) > 4 * len(held_out)


def test_a_frame_that_the_items_share_is_not_compared(build: Build, tmp_path: Path) -> None:
    frame = "You will be given the letter of an angry customer. Read it with care, then say of it"
    chance = random.Random(3)
    words = ["".join(chance.choices("aeiourstlnmd", k=6)) for _ in range(88)]
    letters = [" ".join(words[at : at + 8]) for at in range(0, 88, 8)]
    letters.append(LAMP)
    items = [{"prompt": f"{frame} what it is about.\n\n{letter}"} for letter in letters]
    assert left(build(write(tmp_path / "set.jsonl", *items))) == {named(2)}


def test_against_what_is_not_near_the_dataset_is_the_same_bytes(
    build: Build, tmp_path: Path
) -> None:
    plain = build()
    result = build(write(tmp_path / "set.jsonl", {"question": UNRELATED}))
    assert result.build_id != plain.build_id
    assert dataset_bytes(result) == dataset_bytes(plain)
    assert ledger(result) == ledger(plain)


@pytest.mark.parametrize("workers", [1, 2])
def test_workers_order_and_repeats_of_the_sets_do_not_change_a_byte(
    workers: int, build: Build, tmp_path: Path, runs: Runs
) -> None:
    one = write(tmp_path / "one.jsonl", {"question": LAMP}, {"question": UNRELATED}, 7)
    two = write(tmp_path / "two.jsonl", {"text": LAMP}, runs[9], runs[40])
    first = build(one, two)
    earlier = ledger(first)
    other = build_dataset(
        spec_of(
            tmp_path / "other",
            tmp_path / "runs.jsonl",
            *(two, tmp_path / "o*.jsonl", one),
            run__workers=workers,
        )
    )
    assert other.build_id == first.build_id
    assert ledger(other) == earlier
    assert dataset_bytes(other) == dataset_bytes(first)
    assert other.manifest == first.manifest
    assert earlier[named(2)]["matched_run_id"] == "<one.jsonl:1>"


def test_the_manifest_names_the_sets_without_their_folders(build: Build, tmp_path: Path) -> None:
    items = write(tmp_path / "set.jsonl", {"question": LAMP}, {"strange": 1}, 5)
    manifest = build(items).manifest
    (told,) = manifest.source["against"]
    assert (told["name"], told["items"], told["unread"]) == ("set.jsonl", 1, 2)
    assert len(told["xxh3_128"]) == 32
    assert manifest.spec["against"] == {"threshold": 0.8, "contained": True}
    assert "against" not in build().manifest.source


def test_another_content_is_another_build(build: Build, tmp_path: Path) -> None:
    path = write(tmp_path / "set.jsonl", {"question": UNRELATED})
    first = build(path)
    assert build(path).unchanged
    write(path, {"question": LAMP})
    assert build(path).build_id != first.build_id


def test_explain_says_what_a_run_is_near(build: Build, tmp_path: Path) -> None:
    result = build(write(tmp_path / "set.jsonl", {"question": LAMP}))
    (life,) = explain_run(result, named(2))
    assert life.row.code == "contaminated"
    assert life.row.detail is not None
    assert life.row.detail.endswith("alike to line 1 of set.jsonl")


# earlier builds


def test_a_build_against_its_own_dataset_keeps_nothing(build: Build, runs: Runs) -> None:
    first = build()
    with pytest.raises(GateRefused, match="0 records are kept"):
        build(first.path)
    result = build(first.build_id[:9], gates__min_kept=0)
    tally = result.manifest.tally
    assert tally.kept == 0
    assert tally.pulled == len(runs)
    kept = {run_id for run_id, row in ledger(first).items() if row["outcome"] == "kept"}
    assert kept <= left(result, "in_earlier_dataset")
    assert left(result, "conflict") == left(first, "conflict")
    (told,) = result.manifest.source["against"]
    assert (told["build_id"], told["kept"]) == (first.build_id, len(kept))
    assert result.manifest.splits == {}


@pytest.mark.parametrize("policy", ["keep", "drop", "majority", "pairs"])
def test_so_it_does_under_every_policy_of_conflicts(policy: str, build: Build) -> None:
    first = build(dedupe__conflicts=policy)
    result = build(first.path, dedupe__conflicts=policy, gates__min_kept=0)
    assert result.manifest.tally.kept == 0


def test_only_what_is_new_stays_and_a_run_that_is_alike_leaves(
    build: Build, runs: Runs, write_runs: Writer
) -> None:
    earlier = build(source=write_runs(runs[:40], "earlier.jsonl"))
    copy = {**runs[5], "id": named(9001)}
    other = {**runs[6], "id": named(9002), "result": {"label": "billing"}}
    elsewhere = {**runs[7], "id": named(9003), "interaction": {"id": "9" * 24, "name": "Else"}}
    source = write_runs([*runs[35:50], copy, other, elsewhere], "later.jsonl")
    result = build(earlier.path, source=source)
    rows = ledger(result)
    assert {number for number in range(35, 50) if rows[named(number)]["outcome"] == "kept"} == set(
        range(40, 50)
    )
    assert rows[named(36)]["detail"] == f"build {earlier.build_id} kept this run"
    near = rows[named(9001)]
    assert (near["outcome"], near["code"]) == ("duplicate", "in_earlier_dataset")
    assert (near["matched_run_id"], near["similarity"]) == (named(5), 1.0)
    assert near["detail"] == f"build {earlier.build_id} kept a run that is alike"
    conflict = rows[named(9002)]
    assert (conflict["outcome"], conflict["code"]) == ("rejected", "conflict")
    assert conflict["detail"] == f"build {earlier.build_id} kept another answer to this input"
    assert rows[named(9003)]["outcome"] == "kept"
    keeping = build(earlier.path, source=source, dedupe__conflicts="keep")
    assert ledger(keeping)[named(9002)]["outcome"] == "kept"


def test_a_later_try_that_is_known_still_takes_the_place_of_an_earlier_one(
    build: Build, runs: Runs, write_runs: Writer
) -> None:
    """What the first build dropped for a run that it kept does not come back."""
    step = {"workflow": {"workflow_id": "w", "run_id": "r", "activity_type": "a"}}
    tries = [
        {**runs[4], **step, "created_at": "2026-03-01T10:00:00Z", "result": {"label": "late"}},
        {**runs[4], **step, "id": named(9100), "created_at": "2026-03-02T10:00:00Z"},
    ]
    source = write_runs([*runs[5:30], *tries], "tries.jsonl")
    first = build(source=source)
    assert left(first, "superseded") == {named(4)}
    again = build(first.path, source=source, gates__min_kept=0)
    assert again.manifest.tally.kept == 0
    assert left(again, "superseded") == {named(4)}


def test_files_and_builds_together(
    build: Build, runs: Runs, write_runs: Writer, tmp_path: Path
) -> None:
    earlier = build(source=write_runs(runs[:20], "earlier.jsonl"))
    items = write(tmp_path / "set.jsonl", {"question": LAMP}, {"question": runs[40]["prompt"]})
    result = build(items, earlier.build_id)
    assert left(result) == {named(2), named(40)}
    fates = Counter(row["code"] for row in ledger(result).values())
    assert fates["in_earlier_dataset"] >= 18
    kinds = [one["kind"] for one in result.manifest.source["against"]]
    assert kinds == ["file", "build"]


def test_a_build_whose_shelves_are_gone_or_damaged_is_a_sentence(
    build: Build, runs: Runs, write_runs: Writer
) -> None:
    earlier = build(source=write_runs(runs[:20], "earlier.jsonl"))
    part = earlier.path / "2-normalize" / "part-00000.parquet"
    whole = part.read_bytes()
    part.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(IntegrityError, match="part 0 of its shelves cannot be read"):
        build(earlier.path)
    (earlier.path / "2-normalize" / "_manifest.json").unlink()
    with pytest.raises(SourceUnreadable, match="only its dataset is there"):
        build(earlier.path)


# what is wrong


@pytest.mark.parametrize(
    ("name", "content", "error", "said"),
    [
        ("empty.jsonl", b"", SourceUnreadable, "is empty"),
        ("blank.jsonl", b"\n\n", SourceUnreadable, "no line of it is understood"),
        ("other.jsonl", b'{"a": 1}\n[]\n3\n', SourceUnreadable, "no line of it is understood"),
        ("other.json", b'[{"a": 1}]', SourceUnreadable, "no item of it is understood"),
        ("torn.json", b'[{"text": "a"},\n{"te', SourceUnreadable, "no item of it is understood"),
        (
            "torn.jsonl.gz",
            gzip.compress(b'{"text": "a"}\n')[:20],
            SourceUnreadable,
            "cannot be read",
        ),
        ("no.jsonl.zst", b"no zstd", SourceUnreadable, "cannot be read"),
        ("no.parquet", b"no parquet", SourceUnreadable, "is no readable Parquet file"),
        ("set.csv", b"a,b\n", UsageError, "is none of .jsonl"),
    ],
)
def test_a_file_in_which_nothing_is_understood_is_a_sentence(
    name: str, content: bytes, error: type[Exception], said: str, build: Build, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(error, match=said):
        build(tmp_path / name)
    assert not list((tmp_path / "work" / "builds").glob("*/1-pull"))


def test_a_parquet_file_without_a_known_column_is_a_sentence(build: Build, tmp_path: Path) -> None:
    pq.write_table(pa.table({"strange": ["a"]}), tmp_path / "set.parquet")
    with pytest.raises(SourceUnreadable, match="has none of the columns raw, messages"):
        build(tmp_path / "set.parquet")


@pytest.mark.parametrize(
    ("word", "error", "said"),
    [
        ("absent.jsonl", SourceUnreadable, "there is no such file"),
        ("absent*.jsonl", SourceUnreadable, "no file matches"),
        ("gs://bucket/set.jsonl", UsageError, "buckets are not built yet"),
        ("0123456789abcdef", SourceUnreadable, "is no file, and no build"),
        ("latest", SourceUnreadable, "holds no finished build"),
    ],
)
def test_a_name_that_fits_nothing_is_a_sentence(
    word: str, error: type[Exception], said: str, build: Build
) -> None:
    with pytest.raises(error, match=said):
        build(word)


def test_a_folder_that_is_no_build_is_a_sentence(build: Build, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(SourceUnreadable, match="a folder that holds no build"):
        build(tmp_path / "folder")


def test_lines_that_hold_no_text_are_counted(build: Build, tmp_path: Path) -> None:
    path = tmp_path / "set.jsonl"
    path.write_bytes(
        json.dumps({"text": LAMP}).encode()
        + b'\n{"text": \n\xff\xfe\n{"id": "x", "modelId": "m"}\n\n'
    )
    (told,) = build(path).manifest.source["against"]
    assert (told["items"], told["unread"]) == (1, 3)


def test_what_left_for_another_dataset_verifies(
    build: Build, runs: Runs, write_runs: Writer, tmp_path: Path
) -> None:
    """Also a conflict with a run that this build never pulled."""
    earlier = build(source=write_runs(runs[:20], "earlier.jsonl"))
    other = {**runs[6], "id": named(9002), "result": {"label": "billing"}}
    items = write(tmp_path / "set.jsonl", {"question": runs[40]["parameters"]["mail"]})
    result = build(items, earlier.path, source=write_runs([*runs[15:], other], "later.jsonl"))
    assert ledger(result)[named(9002)]["code"] == "conflict"
    assert ledger(result)[named(9002)]["matched_run_id"] == named(6)
    found = verify_folder(result.path, workers=1)
    assert [one for one in found.checks if one.broken] == []
    assert found.holds
