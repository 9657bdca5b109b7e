"""`docs/check.md` shows what the command really prints, and every repair that there is."""

import importlib.util
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_page_is_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("make_check", DOCS / "make_check.py")
    assert spec is not None
    assert spec.loader is not None
    make_check = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_check)
    page = (DOCS / "check.md").read_text(encoding="utf-8")
    assert page.count("```console\n$ trainset check") == 3
    assert page == make_check.updated(page), "docs/check.md is old: python docs/make_check.py"
