"""The pytest plugin: what it loads, and what its fixture is."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from pipeline import pytest_plugin
from pipeline.errors import UsageError
from pipeline.testing import LocalStudio

ROOT = Path(__file__).parents[3]


def test_the_plugin_is_found_by_pytest_and_is_named_as_its_module() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    found = settings["project"]["entry-points"]["pytest11"]
    assert found == {pytest_plugin.__name__: pytest_plugin.__name__}


def test_the_plugin_loads_nothing_of_the_package_but_itself() -> None:
    program = f"import sys, pytest; a = set(sys.modules); import {pytest_plugin.__name__}; "
    program += "print(*sorted(set(sys.modules) - a))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["pipeline", "pipeline.pytest_plugin"]


def test_a_local_studio_has_a_key_and_a_client_and_makes_sessions() -> None:
    with LocalStudio() as studio:
        session = studio.session_of([{"id": "a"}, {"id": "b"}], name="mine")
        assert (session.name, session.runs) == ("mine", ("a", "b"))
        assert studio.key.startswith("sk-")
        assert studio.client is studio.client
        with studio.connect() as other:
            assert other.training.find("mine").id == session.id


def test_outside_its_block_a_studio_says_so() -> None:
    with pytest.raises(UsageError, match="not running"):
        LocalStudio().client  # noqa: B018 (asking for it is what fails)
