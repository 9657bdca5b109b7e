"""Sampling and the split in whole builds: sides that stay, ties that are told, caps that add."""

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.build import BuildResult, build_dataset, plan
from pipeline.build.comparing.dedupe import Alikeness, compare
from pipeline.errors import GateRefused, SourceUnreadable
from pipeline.spec import load_spec
from pipeline.stages.alike.neighbours import Pairs

Run = dict[str, Any]
Row = dict[str, Any]
INTERACTIONS = ("Reply", "Sort", "Sum up")
SLOW = settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def words(seed: int, count: int = 24) -> list[str]:
    draw = random.Random(seed)
    return ["".join(draw.choices("abcdefghijklmnop", k=draw.randint(3, 9))) for _ in range(count)]


def run(number: int, text: str | None = None, **changes: Any) -> Run:
    """A run that is alike to no other, unless its text is given."""
    return {
        "id": f"{number:024x}",
        "interaction": {"id": "1" * 24, "name": INTERACTIONS[number % 3], "version": 1},
        "status": "completed",
        "prompt": [{"role": "user", "content": text or " ".join(words(number))}],
        "parameters": {"talk": None},
        "result": " ".join(words(-number - 1, 6)),
        "token_use": {"prompt": 10 + number % 7, "result": 5},
        "created_at": f"2026-03-{1 + number % 28:02d}T10:00:00Z",
        "updated_at": f"2026-03-{1 + number % 28:02d}T11:00:00Z",
        **changes,
    }


def build(folder: Path, runs: Sequence[Run], **words: Any) -> BuildResult:
    path = folder / f"runs-{len(list(folder.glob('runs-*')))}.jsonl"
    path.write_text("".join(json.dumps(one) + "\n" for one in runs))
    overrides = {name.replace("__", "."): value for name, value in words.items()}
    overrides |= {"source.runs": (str(path),), "run.workers": 1}
    overrides.setdefault("run.work_dir", str(folder / "work"))
    return build_dataset(load_spec(None, environ={}, overrides=overrides))


def ledger(result: BuildResult) -> dict[str, Row]:
    rows = pq.read_table(result.path / "ledger.parquet").to_pylist()
    assert len({row["run_id"] for row in rows}) == len(rows)
    tally = result.manifest.tally
    assert Counter(row["outcome"] for row in rows)["kept"] == tally.kept
    tally.assert_balanced("the test")
    return {row["run_id"]: row for row in rows}


def splits(result: BuildResult) -> dict[str, str]:
    return {name: row["split"] for name, row in ledger(result).items() if row["split"]}


def assert_undivided(result: BuildResult) -> None:
    sides: dict[str, set[str]] = {}
    for row in ledger(result).values():
        if row["split"]:
            sides.setdefault(row["component"], set()).add(row["split"])
    assert all(len(found) == 1 for found in sides.values())
    assert result.manifest.proof.pairs_at_or_above == 0


def test_runs_of_the_previous_build_keep_their_side(tmp_path: Path) -> None:
    runs = [run(number) for number in range(60)]
    first = build(tmp_path, runs[:40], split__validation=0.3, split__test=0.1)
    assert {*splits(first).values()} == {"train", "validation", "test"}
    others: dict[str, Any] = {"split__salt": "other", "split__validation": 0.6}
    free = splits(build(tmp_path, runs, **others))
    second = build(tmp_path, runs, split__previous=first.build_id, **others)
    held = splits(second)
    assert {name: held[name] for name in splits(first)} == splits(first)
    assert {name: free[name] for name in splits(first)} != splits(first)
    assert second.manifest.source["previous"]["build_id"] == first.build_id
    assert second.manifest.source["previous"]["runs"] == 40
    assert second.manifest.moved == 0


def test_the_same_line_every_night(tmp_path: Path) -> None:
    runs = [run(number) for number in range(30)]
    nightly = {"split__previous": "latest", "split__validation": 0.3}
    first = build(tmp_path, runs[:20], **nightly)
    assert first.manifest.source["previous"] is None
    assert build(tmp_path, runs[:20], **nightly).unchanged
    second = build(tmp_path, runs, **nightly)
    assert second.manifest.source["previous"]["build_id"] == first.build_id
    again = build(tmp_path, runs, **nightly)
    assert again.unchanged
    assert again.build_id == second.build_id
    assert again.manifest == second.manifest


def test_the_name_of_the_previous_build_does_not_matter_but_its_sides_do(tmp_path: Path) -> None:
    runs = [run(number) for number in range(30)]
    first = build(tmp_path, runs[:20])
    by_id = build(tmp_path, runs, split__previous=first.build_id[:6])
    elsewhere = str(tmp_path / "elsewhere")
    by_folder = build(tmp_path, runs, split__previous=str(first.path), run__work_dir=elsewhere)
    assert by_folder.build_id == by_id.build_id
    assert by_folder.path != by_id.path
    other = build(tmp_path, runs[:20], split__salt="other")
    after_other = build(tmp_path, runs, split__previous=other.build_id)
    assert after_other.build_id != by_id.build_id
    assert after_other.manifest.spec == by_id.manifest.spec


def test_a_previous_build_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    runs = [run(number) for number in range(5)]
    with pytest.raises(SourceUnreadable, match="abcdef: no such build"):
        build(tmp_path, runs, split__previous="abcdef")
    first = build(tmp_path, runs)
    (first.path / "ledger.parquet").unlink()
    with pytest.raises(SourceUnreadable, match=r"has no ledger\.parquet"):
        build(tmp_path, [*runs, run(6)], split__previous="latest")


def chain() -> list[str]:
    """Three texts, each alike to the next, the ends not alike."""
    middle = words(977, 80)
    one = [*middle[:72], *words(978, 8)]
    other = [*words(979, 8), *middle[8:]]
    return [" ".join(text) for text in (one, other, middle)]


def apart(folder: Path, runs: Sequence[Run], **more: Any) -> BuildResult:
    """A build in which the first run trains and the second one validates."""
    for salt in range(60):
        result = build(folder, runs, split__salt=f"{salt}", **more)
        found = splits(result)
        if (found[runs[0]["id"]], found[runs[1]["id"]]) == ("train", "validation"):
            return result
    pytest.fail("no salt puts them apart")


def test_a_new_run_that_ties_two_sides_moves_train_to_validation_and_says_so(
    tmp_path: Path,
) -> None:
    one, other, middle = chain()
    runs = [run(100, one), run(101, other), *(run(number) for number in range(20))]
    more = {"dedupe__conflicts": "keep", "split__validation": 0.3}
    first = apart(tmp_path, runs, **more)
    tying = run(90, middle)
    second = build(tmp_path, [*runs, tying], split__previous=first.build_id, **more)
    assert_undivided(second)
    rows, before = ledger(second), splits(first)
    moved = rows.pop(runs[0]["id"])
    assert moved["split"] == "validation"
    assert moved["flags"] == ["moved_to_validation"]
    assert moved["detail"] == (
        f"was in train before; run {tying['id']} ties it to run {runs[1]['id']}, "
        "which was in validation"
    )
    assert rows[tying["id"]]["split"] == "validation"
    assert {rows[name]["split"] for name in (runs[1]["id"],)} == {"validation"}
    assert all(row["split"] == before.get(name, row["split"]) for name, row in rows.items())
    assert not any(row["flags"] for row in rows.values())
    assert second.manifest.moved == 1


def test_a_run_that_was_edited_can_be_the_tie(tmp_path: Path) -> None:
    one, _, middle = chain()
    runs = [run(100, one), run(101), *(run(number) for number in range(20))]
    more = {"dedupe__conflicts": "keep", "split__validation": 0.3}
    first = apart(tmp_path, runs, **more)
    edited = [runs[0], run(101, middle), *runs[2:]]
    rows = ledger(build(tmp_path, edited, split__previous=first.build_id, **more))
    assert rows[runs[0]["id"]]["detail"] == (
        f"was in train before; it is now tied to run {runs[1]['id']}, which was in validation"
    )


def test_a_duplicate_stays_on_its_side_when_the_run_it_left_for_is_gone(tmp_path: Path) -> None:
    runs = [run(number) for number in range(30)]
    copies = [{**one, "id": f"{1000 + at:024x}"} for at, one in enumerate(runs)]
    first = build(tmp_path, [*runs, *copies], split__validation=0.4)
    before = ledger(first)
    left = [one for one in (*runs, *copies) if before[one["id"]]["outcome"] == "duplicate"]
    assert len(left) == 30
    sides = {row["component"]: row["split"] for row in before.values() if row["split"]}
    second = build(tmp_path, left, split__previous="latest", split__salt="other")
    for name, side in splits(second).items():
        assert side == sides[before[name]["component"]]


def test_what_the_sketch_misses_the_proof_finds_and_the_side_before_still_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def blind(*given: Any, **words: Any) -> Alikeness:
        nothing = np.empty(0, np.int64)
        none = Pairs(nothing, nothing, np.empty(0))
        return replace(compare(*given, **words), pairs=none, ties=none)

    one, other, middle = chain()
    runs = [run(100, one), run(101, other), *(run(number) for number in range(20))]
    more = {"dedupe__conflicts": "keep", "split__validation": 0.3}
    first = apart(tmp_path, runs, **more)
    monkeypatch.setattr(plan, "compare", blind)
    moves = []
    for number in range(200, 212):
        second = build(
            tmp_path, [*runs, run(number, middle)], split__previous=first.build_id, **more
        )
        assert_undivided(second)
        rows = ledger(second)
        assert rows[runs[1]["id"]]["split"] == "validation"
        assert rows[f"{number:024x}"]["split"] == "validation"
        moves.append(rows[runs[0]["id"]])
    assert {row["split"] for row in moves} == {"validation"}
    assert {row["detail"] for row in moves} == {
        f"was in train before; run {number:024x} ties it to run {runs[1]['id']}, "
        "which was in validation"
        for number in range(200, 212)
    }


@pytest.mark.parametrize("order", ["hash", "time"])
@SLOW
@given(data=st.data())
def test_growing_moves_nothing_but_ties_and_divides_nothing(
    order: str, data: st.DataObject
) -> None:
    talks = data.draw(st.lists(st.integers(0, 14), min_size=12, max_size=40))
    runs = [run(at, parameters={"talk": f"t{talk}"}) for at, talk in enumerate(talks)]
    old = data.draw(st.integers(6, len(runs)))
    mixed = data.draw(st.permutations(runs))
    more = {"split__group_by": "parameters.talk", "split__validation": 0.3, "split__order": order}
    with TemporaryDirectory() as name:
        folder = Path(name)
        # Half of the old runs are not tied in the first build: the second has ties to tell.
        loose = [
            {**one, "parameters": {"talk": at}} if at % 2 else one for at, one in enumerate(runs)
        ]
        first = build(folder, loose[:old], **more)
        second = build(folder, runs, split__previous="latest", **more)
        third = build(folder, mixed, split__previous=first.build_id, **more)
        assert_undivided(first)
        assert_undivided(second)
        before, rows = splits(first), ledger(second)
        for one, side in before.items():
            now = rows[one]["split"]
            if now == side:
                assert not rows[one]["flags"]
            else:
                assert (side, now) == ("train", "validation")
                assert rows[one]["flags"] == ["moved_to_validation"]
                assert rows[one]["detail"].startswith("was in train before; ")
        assert ledger(third) == rows
        by_talk: dict[str, set[str]] = {}
        for one in runs:
            by_talk.setdefault(one["parameters"]["talk"], set()).add(rows[one["id"]]["split"])
        assert all(len(found) == 1 for found in by_talk.values())


def test_without_a_previous_build_growing_moves_nothing_either(tmp_path: Path) -> None:
    runs = [run(number) for number in range(90)]
    few = splits(build(tmp_path, runs[:60], split__validation=0.3, split__stratify="off"))
    many = splits(build(tmp_path, runs, split__validation=0.3, split__stratify="off"))
    assert {name: many[name] for name in few} == few


def test_small_interactions_are_on_both_sides(tmp_path: Path) -> None:
    rare = {"interaction": {"id": "9" * 24, "name": "Rare", "version": 1}}
    runs = [*(run(number) for number in range(40)), run(50, **rare), run(51, **rare)]
    result = build(tmp_path, runs, split__validation=0.1)
    assert result.manifest.interactions is not None
    assert result.manifest.interactions["Rare"] == {"train": 1, "validation": 1}
    counts = Counter(row["split"] for row in ledger(result).values())
    assert counts == result.manifest.splits
    totals: Counter[str] = Counter()
    for found in result.manifest.interactions.values():
        totals.update(found)
    assert totals == counts


def test_by_time_the_newest_validate(tmp_path: Path) -> None:
    runs = [run(number) for number in range(28)]
    runs[27]["created_at"] = None
    more = {"split__order": "time", "split__stratify": "off", "split__validation": 0.25}
    rows = ledger(build(tmp_path, runs, **more))
    newest = {f"{number:024x}" for number in range(20, 27)}
    assert {name for name, row in rows.items() if row["split"] == "validation"} == newest


def test_the_runs_of_one_execution_of_a_workflow_stay_together(tmp_path: Path) -> None:
    runs = [
        run(at, workflow={"workflow_id": f"Intake:{at % 2}", "run_id": f"r{at % 9}"})
        for at in range(54)
    ]
    result = build(tmp_path, runs, split__group_by=("workflow", "conversation"))
    assert len({row["component"] for row in ledger(result).values()}) == 18
    assert_undivided(result)


def test_each_of_several_keys_ties_by_itself(tmp_path: Path) -> None:
    runs = [run(at, config={"a": f"{at // 2}", "b": f"{at // 3}"}) for at in range(12)]
    keys = ("config.a", "config.b")
    result = build(tmp_path, runs, split__group_by=keys)
    assert len({row["component"] for row in ledger(result).values()}) == 2
    back = build(tmp_path, runs, split__group_by=keys[::-1])
    assert back.build_id == result.build_id


def test_rows_over_a_cap_leave_with_a_sentence(tmp_path: Path) -> None:
    runs = [run(number) for number in range(60)]
    result = build(tmp_path, runs, sample__max_per_interaction=7, sample__caps={"Sort": 12})
    rows = ledger(result)
    kept = Counter(row["interaction"] for row in rows.values() if row["outcome"] == "kept")
    assert kept == {"Reply": 7, "Sort": 12, "Sum up": 7}
    assert result.manifest.tally.rejected == {"over_cap": 34}
    left = [row for row in rows.values() if row["code"] == "over_cap"]
    assert {row["stage"] for row in left} == {"sample"}
    assert {row["detail"] for row in left if row["interaction"] != "Sort"} == {
        f"interaction {name}: 7 of 20 are kept (sample.max_per_interaction)"
        for name in ("Reply", "Sum up")
    }
    assert {row["detail"] for row in left if row["interaction"] == "Sort"} == {
        "interaction Sort: 12 of 20 are kept (sample.caps.Sort)"
    }
    assert all(row["component"] for row in left)


def test_runs_without_an_interaction_are_one_group(tmp_path: Path) -> None:
    runs = [run(number, **({} if number % 2 else {"interaction": None})) for number in range(24)]
    result = build(tmp_path, runs, sample__max_per_interaction=3)
    rows = ledger(result)
    kept = Counter(row["interaction"] for row in rows.values() if row["outcome"] == "kept")
    assert kept == {None: 3, "Reply": 3, "Sort": 3, "Sum up": 3}
    details = {row["detail"] for row in rows.values() if row["interaction"] is None}
    assert "runs without an interaction: 3 of 12 are kept (sample.max_per_interaction)" in details
    assert result.manifest.interactions is not None
    assert sum(result.manifest.interactions[""].values()) == 3


def test_raising_a_cap_or_a_budget_only_adds_records(tmp_path: Path) -> None:
    runs = [run(number) for number in range(60)]
    for word, values in (
        ("sample__max_per_interaction", (3, 9)),
        ("sample__max_records", (11, 40)),
        ("sample__max_tokens", (1_500, 5_000)),
    ):
        few, many = (splits(build(tmp_path, runs, **{word: value})) for value in values)
        assert 0 < len(few) < len(many)
        assert {*few} < {*many}


@pytest.mark.parametrize(
    ("words", "word"),
    [
        ({"sample__max_tokens": 3_000}, "max_tokens"),
        ({"sample__max_cost": 0.018, "sample__price_per_million_tokens": 3.0,
          "sample__epochs": 2, "sample__max_tokens": 10_000}, "max_cost"),
    ],
)  # fmt: skip
def test_a_budget_is_kept_and_used(words: dict[str, Any], word: str, tmp_path: Path) -> None:
    result = build(tmp_path, [run(number) for number in range(60)], **words)
    spent = sum(result.manifest.tokens.values())
    assert 3_000 - 200 < spent <= 3_000
    details = {row["detail"] for row in ledger(result).values() if row["code"] == "over_budget"}
    assert all(detail.endswith(f"of 20 are kept (sample.{word})") for detail in details)
    assert len(details) == 3


def test_the_sample_does_not_depend_on_the_split(tmp_path: Path) -> None:
    runs = [run(number) for number in range(60)]
    one = splits(build(tmp_path, runs, sample__max_records=30))
    other = splits(build(tmp_path, runs, sample__max_records=30, split__salt="x"))
    assert {*one} == {*other}
    assert one != other


def test_the_split_of_a_sample_has_the_shares_asked_for(tmp_path: Path) -> None:
    runs = [run(number) for number in range(400)]
    result = build(tmp_path, runs, sample__max_records=120, split__validation=0.25)
    assert 15 <= result.manifest.splits["validation"] <= 45


def test_a_budget_for_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(GateRefused, match=r"sample\.max_tokens = 3: pays for no record"):
        build(tmp_path, [run(number) for number in range(6)], sample__max_tokens=3)
