"""`docs/catalog.md` and the schema of a catalog are made of the catalog."""

import importlib.util
import json
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import jsonschema
import pytest

from pipeline.trainers import load_catalog

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "pipeline" / "trainers" / "catalog.toml"


@pytest.fixture(scope="module", name="make_catalog")
def fixture_make_catalog() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_catalog", ROOT / "docs" / "make_catalog.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def plain(text: str) -> Any:
    """TOML as JSON has it: days are strings."""
    return json.loads(json.dumps(tomllib.loads(text), default=str))


def test_the_page_and_the_schema_are_what_the_catalog_makes(make_catalog: ModuleType) -> None:
    stale = "is out of date: python docs/make_catalog.py"
    page = (ROOT / "docs" / "catalog.md").read_text(encoding="utf-8")
    assert page == make_catalog.page(load_catalog()), f"docs/catalog.md {stale}"
    schema = (ROOT / "schemas" / "catalog.schema.json").read_text(encoding="utf-8")
    assert schema == make_catalog.schema_text(), f"schemas/catalog.schema.json {stale}"


def test_every_fact_and_every_source_is_on_the_page(make_catalog: ModuleType) -> None:
    catalog = load_catalog()
    page = make_catalog.page(catalog)
    facts = sum(len(list(one.named())) for _, one in catalog.all_facts())
    rows = page.split("## Providers")[1].split("## Sources")[0]
    assert rows.count("` |\n") == facts
    assert all(f"| `{name}` | {source.page} | " in page for name, source in catalog.sources.items())


def test_the_file_that_ships_and_the_page_s_example_follow_the_schema(
    make_catalog: ModuleType, tmp_path: Path
) -> None:
    validator = jsonschema.Draft202012Validator(make_catalog.schema())
    validator.validate(plain(SHIPPED.read_text(encoding="utf-8")))
    example = make_catalog.OPENING.split("```toml\n")[1].split("```")[0]
    validator.validate(plain(example))
    path = tmp_path / "example.toml"
    path.write_text(example)
    assert "house" in load_catalog(path).providers


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider": {}},
        {"providers": {"x": {"colour": 3}}},
        {"providers": {"x": {"context": "long"}}},
        {"providers": {"x": {"prices": [{"per_token": 1}]}}},
    ],
)
def test_a_wrong_word_breaks_the_schema(make_catalog: ModuleType, wrong: Any) -> None:
    assert not jsonschema.Draft202012Validator(make_catalog.schema()).is_valid(wrong)
