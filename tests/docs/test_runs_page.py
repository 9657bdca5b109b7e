"""`docs/runs.md` is made of the golden runs, every one of them."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module")
def make_runs() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_runs", DOCS / "make_runs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_goldens_make(make_runs: ModuleType) -> None:
    page = (DOCS / "runs.md").read_text(encoding="utf-8")
    assert page == make_runs.page(), "docs/runs.md is out of date: python docs/make_runs.py"


def test_every_golden_is_on_the_page(make_runs: ModuleType) -> None:
    page = make_runs.page()
    for path in make_runs.GOLDENS.glob("*/*.json"):
        assert f"### {path.stem.replace('-', ' ')}\n" in page
