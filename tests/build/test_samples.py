"""Which runs are drawn to learn from, and what their batches hold."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from pipeline.build.comparing.learn import learn
from pipeline.build.comparing.rows import LiveRows
from pipeline.build.comparing.samples import Drawn, draw, tasks_of
from pipeline.build.shelf import Shelf
from pipeline.build.spill import Spill
from pipeline.engines import LocalEngine
from pipeline.stages.inputs import RecordText
from pipeline.stages.varying.templates import SAMPLE_SIZE
from pipeline.storage import LocalStore

LONG = "classify the message of a customer by the one label that fits best and nothing else:"
WORDS = ["lamp", "sofa", "chair", "shelf", "carpet", "parcel", "street", "monday", "green"]


def live(keys: list[str | None], records: list[str] | None = None, parts: int = 1) -> LiveRows:
    ids = [f"run-{number}" for number in range(len(keys))]
    columns = {"run_id": ids, "record_id": records or ids, "interaction_key": keys}
    table = pa.table({name: pa.array(values, pa.string()) for name, values in columns.items()})
    table = table.set_column(2, "interaction_key", table["interaction_key"].dictionary_encode())
    return LiveRows(table, [np.arange(len(span)) for span in np.array_split(ids, parts)])


def drawn_ids(rows: LiveRows, drawn: Drawn) -> list[str]:
    ids: list[str] = rows.table["run_id"].take(pa.array(drawn.rows)).to_pylist()
    return ids


def many(*, groups: int, each: int) -> LiveRows:
    return live([f"shop-{number % groups}@1" for number in range(groups * each)])


def test_a_draw_depends_on_ids_and_not_on_the_order_of_the_runs() -> None:
    rows = many(groups=3, each=3000)
    turned = LiveRows(rows.table.take(pa.array(range(len(rows) - 1, -1, -1))), rows.rows_of_part)
    first, second = draw(rows), draw(turned)
    assert set(drawn_ids(rows, first)) == set(drawn_ids(turned, second))
    flags = [flag for batch in first.batches for flag in batch.ranked]
    assert sum(flags) == 2048
    assert len(first.rows) == len(set(first.rows.tolist()))


def test_every_group_has_its_share_and_a_small_one_all_its_runs() -> None:
    rows = live(["big@1"] * 5000 + ["small@1"] * 3 + [None] * 200)
    groups = [group for batch in draw(rows).batches for group in batch.groups]
    counts = sorted(groups.count(group) for group in set(groups))
    assert counts[0] == 3
    assert counts[1] >= SAMPLE_SIZE
    assert len(counts) == 3


def test_of_copies_of_one_record_one_is_drawn_for_the_template() -> None:
    records = ["the same"] * 9000 + [f"record-{number}" for number in range(100)]
    rows = live(["shop@1"] * 9100, records)
    drawn = draw(rows)
    taken = {records[row] for row in drawn.rows.tolist()}
    assert len(taken) == 101


def test_versions_of_an_interaction_share_a_batch_and_batches_stay_small() -> None:
    rows = live([f"shop-{number % 400}@{number % 5}" for number in range(20_000)])
    batches = draw(rows).batches
    assert len(batches) > 1
    assert max(len(batch.groups) for batch in batches) <= 2 * len(rows) / len(batches)
    seen = [interaction for batch in batches for interaction in set(batch.interactions)]
    assert len(seen) == len(set(seen)) == 400


def test_every_drawn_run_is_read_once_from_its_part() -> None:
    rows = live([f"shop-{number % 40}@1" for number in range(1000)], parts=7)
    drawn = draw(rows)
    starts = np.cumsum([0, *(len(alive) for alive in rows.rows_of_part)])
    found = {
        (batch, place): int(starts[part]) + row
        for part, tasks in tasks_of(drawn, rows.rows_of_part)
        for row, place, batch in tasks
    }
    wanted: dict[tuple[int, int], int] = {}
    for row, batch in zip(drawn.rows.tolist(), drawn.batch.tolist(), strict=True):
        wanted[batch, sum(other == batch for other, _ in wanted)] = row
    assert found == wanted


def test_nothing_is_drawn_from_nothing() -> None:
    assert draw(live([])).batches == ()


@pytest.mark.parametrize("workers", [1, 2])
def test_a_version_with_two_runs_learns_from_the_others(tmp_path: Path, workers: int) -> None:
    rng = np.random.default_rng(0)
    texts = [f"{LONG} {' '.join(rng.choice(WORDS, 8))}" for _ in range(40)]
    texts += [f"{LONG} where is my lamp", f"{LONG} where is my lamp now"]
    keys = ["shop@1"] * 40 + ["shop@2"] * 2
    records = Shelf(LocalStore(tmp_path), "2-normalize")
    spill = Spill(tmp_path / ".spill", records)
    rows = live(keys, parts=3)
    begin = 0
    for part, alive in enumerate(rows.rows_of_part):
        own = texts[begin : begin + len(alive)]
        table = {"system": [""] * len(own), "turns": own, "answer": ["fine"] * len(own)}
        spill.write_texts(part, pa.table(table))
        records.write_part(part, pa.table({"parameters": pa.array([b"null"] * len(own))}))
        begin += len(alive)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    engine = LocalEngine(workers)
    try:
        templates, ranks = learn(rows, spill, scratch, engine)
    finally:
        engine.close()
    assert set(templates) == {"shop@1", "shop@2"}
    run = RecordText("", f"{LONG} where is my lamp", "")
    assert templates["shop@2"].variable(run) == "where is my lamp"
    assert ranks.max() > 0
    assert not list(scratch.iterdir())
