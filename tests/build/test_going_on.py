"""A build that was stopped goes on to the same bytes, whatever was lost meanwhile."""

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from pipeline.build import build_dataset, plan
from pipeline.spec import BuildSpec, load_spec

Runs = list[dict[str, Any]]
Writer = Callable[[Sequence[dict[str, Any]], str], Path]


@pytest.fixture
def spec(runs: Runs, write_runs: Writer, tmp_path: Path) -> BuildSpec:
    words = {
        "source.runs": (str(write_runs(runs, "runs.jsonl")),),
        "run.work_dir": str(tmp_path / "work"),
        "run.workers": 1,
    }
    return load_spec(None, environ={}, overrides=words)


def stopped(spec: BuildSpec, monkeypatch: pytest.MonkeyPatch, step: str) -> Path:
    """The folder of a build that was interrupted before that step."""

    def stop(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(plan, step, stop)
        with pytest.raises(KeyboardInterrupt):
            build_dataset(spec)
    (folder,) = (one for one in (Path(spec.run.work_dir) / "builds").iterdir() if one.is_dir())
    return folder


def bytes_of(folder: Path) -> dict[str, bytes]:
    paths = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture
def whole(spec: BuildSpec) -> dict[str, bytes]:
    """The dataset of a build that nobody stopped."""
    result = build_dataset(spec)
    found = bytes_of(result.dataset)
    shutil.rmtree(result.path)
    return found


@pytest.mark.parametrize("step", ["prepare", "_divide", "write_format", "write_manifest"])
@pytest.mark.parametrize("lost", [True, False])
def test_the_spill_is_made_again_where_it_is_lost(
    spec: BuildSpec,
    whole: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
    step: str,
    *,
    lost: bool,
) -> None:
    folder = stopped(spec, monkeypatch, step)
    assert (folder / ".spill").is_dir()
    if lost:
        shutil.rmtree(folder / ".spill")
    result = build_dataset(spec)
    assert bytes_of(result.dataset) == whole
    assert not (folder / ".spill").exists()


@pytest.mark.parametrize("shelf", ["1-pull", "2-normalize", "3-validate"])
def test_a_part_that_a_power_cut_tore_is_made_again(
    spec: BuildSpec, whole: dict[str, bytes], monkeypatch: pytest.MonkeyPatch, shelf: str
) -> None:
    folder = stopped(spec, monkeypatch, "_divide")
    for later in ("1-pull", "2-normalize", "3-validate"):
        if later >= shelf:
            (folder / later / "_manifest.json").unlink()
    part = folder / shelf / "part-00000.parquet"
    part.write_bytes(part.read_bytes()[:-40])
    result = build_dataset(spec)
    assert bytes_of(result.dataset) == whole
