"""explain: where a run came from, what it is alike to, and where it stands."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.build import BuildResult, build_dataset
from pipeline.build.telling.life import Piece, RunLife, explain_run
from pipeline.spec import load_spec

Runs = list[dict[str, Any]]


@pytest.fixture
def built(
    runs: Runs, write_runs: Callable[[Sequence[dict[str, Any]], str], Path], tmp_path: Path
) -> BuildResult:
    again = {**runs[3], "updated_at": "2020-01-01T00:00:00.000Z"}
    overrides = {
        "source.runs": (str(write_runs([*runs, again], "runs.jsonl")),),
        "run.work_dir": str(tmp_path / "work"),
        "run.workers": 1,
    }
    return build_dataset(load_spec(None, environ={}, overrides=overrides))


def life(build: BuildResult, number: int) -> RunLife:
    (one,) = explain_run(build, f"{number:024x}")
    return one


def test_a_near_duplicate_shows_the_word_that_differs(built: BuildResult) -> None:
    told = life(built, 1002)
    assert told.row.code == "conflict"
    assert told.likeness is not None
    assert told.likeness.run_id == told.row.matched_run_id
    assert told.likeness.code is None
    assert told.likeness.input_similarity == pytest.approx(told.row.similarity, abs=1e-6)
    assert [piece for piece in told.likeness.input_words if piece.kind != "same"] == [
        Piece("left", "the")
    ]
    assert told.likeness.answer_similarity is not None
    assert told.likeness.answer_similarity < 0.8
    assert [piece.kind for piece in told.likeness.answer_words] == ["left", "right"]


def test_the_run_as_it_came_and_the_record_that_it_became(built: BuildResult, runs: Runs) -> None:
    told = life(built, 7)
    assert told.pulled is not None
    assert (told.pulled.status, told.pulled.environment) == ("completed", "shop")
    assert told.pulled.updated_at == runs[7]["updated_at"]
    assert told.pulled.part == "1-pull/part-00000.parquet"
    assert told.record is not None
    assert told.record.messages == 3
    assert told.record.answer_chars == len('{"label":"wrong_item"}')


def test_a_run_that_became_no_record_has_none(built: BuildResult) -> None:
    told = life(built, 1004)
    assert told.row.code == "status"
    assert told.pulled is not None
    assert told.pulled.status == "failed"
    assert (told.record, told.likeness, told.component) == (None, None, None)


def test_who_a_kept_run_stands_for_and_its_component(built: BuildResult) -> None:
    told = life(built, 1003)
    assert told.duplicates == (f"{0:024x}", f"{1001:024x}", f"{1002:024x}")
    assert told.duplicates_count == 3
    assert told.component is not None
    assert told.component.count == 4
    assert set(told.component.first) == {*told.duplicates, f"{1003:024x}"}
    assert len(told.lines) == 1


def test_an_id_that_came_twice_has_two_lives(built: BuildResult) -> None:
    lives = explain_run(built, f"{3:024x}")
    assert sorted(one.row.outcome for one in lives) == ["duplicate", "kept"]
    left = next(one for one in lives if one.row.outcome == "duplicate")
    assert left.row.code == "same_run_id"
    assert left.likeness is not None
    assert left.likeness.answer_similarity == 1.0


def test_without_the_shelves_the_ledger_still_tells(built: BuildResult) -> None:
    for shelf in ("1-pull", "2-normalize"):
        for path in (built.path / shelf).iterdir():
            path.unlink()
    told = life(built, 1002)
    assert (told.pulled, told.record) == (None, None)
    assert told.likeness is not None
    assert told.likeness.input_similarity is None
