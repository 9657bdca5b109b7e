"""`docs/formats.md` is made of the formats, every one of them and every word of what they carry."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from pipeline.formats import FORMATS, Carries

DOCS = Path(__file__).parents[2] / "docs"


@pytest.fixture(scope="module", name="make_formats")
def fixture_make_formats() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_formats", DOCS / "make_formats.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_page_is_what_the_formats_make(make_formats: ModuleType) -> None:
    page = (DOCS / "formats.md").read_text(encoding="utf-8")
    assert page == make_formats.page(), (
        "docs/formats.md is out of date: python docs/make_formats.py"
    )


def test_every_feature_is_told(make_formats: ModuleType) -> None:
    told = {field for field, _ in make_formats.FEATURES.values()}
    assert told | {"answer_turns", "last_answer_in"} == set(Carries.__struct_fields__)


def test_every_format_has_a_section_with_all_its_rules(make_formats: ModuleType) -> None:
    sections = make_formats.page().split("\n## ")
    for form in FORMATS.values():
        (section,) = (one for one in sections if one.startswith(f"{form.name}\n"))
        assert all(f"| `{rule}` | " in section for rule in form.rules)
