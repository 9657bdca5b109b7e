"""What the suite is asked on its command line, and who does the work: two processes."""

import multiprocessing
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from typing import Any

import pytest

from pipeline.formats import FORMATS
from tests.oracles.books import BOOK, read_book
from tests.oracles.register import JUDGES
from tests.oracles.verdicts import Budget, Tally, judge_format

DEFAULT = Budget()
LONG = {"records": 600, "each": 20, "files": 300}


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long`, `--seed` and `--write`."""
    parser.addoption("--long", action="store_true", help="many more lines that are drawn")
    parser.addoption("--seed", type=int, default=0, help="other lines that are drawn")
    parser.addoption("--write", action="store_true", help=f"write {BOOK.name} anew")


@pytest.fixture(scope="session", name="budget")
def fixture_budget(pytestconfig: pytest.Config) -> Budget:
    """On how many lines a format is judged."""
    long: dict[str, int] = LONG if pytestconfig.getoption("long") else {}
    return Budget(seed=pytestconfig.getoption("seed"), **long)


@pytest.fixture(scope="session", name="tallies")
def fixture_tallies(
    request: pytest.FixtureRequest, budget: Budget
) -> Iterator[Mapping[str, Future[Tally]]]:
    """What comes of each format that a chosen test asks for, by name."""
    calls = (getattr(item, "callspec", None) for item in request.session.items)
    asked = (call.params.get("name") for call in calls if call)
    names = dict.fromkeys(name for name in asked if name in JUDGES)
    os.environ["PYTHONHASHSEED"] = "0"  # TRL looks at one key of a set, whichever comes first
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawning) as pool:
        yield {name: pool.submit(judge_named, name, budget) for name in names}


def judge_named(name: str, budget: Budget) -> Tally:
    """In a process of its own, which a format cannot be sent to."""
    return judge_format(FORMATS[name], budget)


@pytest.fixture(scope="session", name="recorded")
def fixture_recorded() -> dict[str, Any]:
    """The disagreements as they are checked in, by format."""
    return read_book()["formats"]
