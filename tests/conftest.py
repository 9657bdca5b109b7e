"""What the rooms' tests share: made-up runs, the command, which tests need the real runs."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.postgres import NAMED, SCHEMAS, Schemas, environ_for

NEEDS = {
    "real": "TRAINSET_REAL_RUNS",
    "samples": "TRAINSET_RUN_SAMPLES",
    "postgres": NAMED,
    "browser": "TRAINSET_CHROMIUM",
}
"""Markers of tests that need something from outside, and the variable that names it."""
EXTRAS = {"mistral": "mistral_common"}
"""Markers of tests that need an extra, and what it is imported as."""
AMOUNTS = {"TRAINSET_KILLS"}
"""How much of something a test does."""
ROOMS_OF_THE_STUDIO = ("studio", "contract")
STARTING_A_STUDIO = {"served"}
"""Fixtures outside the Studio's rooms that start one."""


settings.register_profile(
    "house",
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=bool(os.environ.get("CI")),
)
settings.load_profile("house")
"""No test is judged by a busy machine; in CI the drawn examples are always the same."""


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Without what a variable names, or an extra, there are no tests that need it.

    Where a PostgreSQL is named, `-m postgres` is every test that starts a Studio.
    """
    for item in items if os.environ.get(NAMED) else ():
        room = item.path.relative_to(Path(__file__).parent).parts[0]
        fixtures = set(getattr(item, "fixturenames", ()))
        if room in ROOMS_OF_THE_STUDIO or fixtures & STARTING_A_STUDIO:
            item.add_marker("postgres")
    there = {marker: bool(os.environ.get(variable)) for marker, variable in NEEDS.items()}
    there |= {marker: find_spec(name) is not None for marker, name in EXTRAS.items()}
    for marker, is_there in there.items():
        if is_there:
            continue
        needing = [item for item in items if item.get_closest_marker(marker)]
        config.hook.pytest_deselected(items=needing)
        items[:] = [item for item in items if item not in needing]


@pytest.fixture(autouse=True)
def clean_environ(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is configured on the machine does not reach a test."""
    for name in list(os.environ):
        if name.startswith("TRAINSET_") and name not in {*NEEDS.values(), *AMOUNTS}:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def schemas() -> Iterator[Schemas | None]:
    """Where TRAINSET_POSTGRES names a server, every data-dir's state lies in a schema of its own.

    Without it there are none, and the state lies in a SQLite file as it does by default.
    """
    if SCHEMAS is None:
        yield None
        return
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pipeline.studio.database.place.default_place", SCHEMAS.of)
        yield SCHEMAS
    SCHEMAS.drop()


THINGS = [
    "lamp",
    "sofa",
    "carpet",
    "mirror",
    "shelf",
    "kettle",
    "curtain",
    "bench",
    "clock",
    "vase",
]
TROUBLES = [
    "arrived broken and the box was wet",
    "is the wrong colour, I had asked for green",
    "has not been delivered since the second of May",
    "came twice and I was charged for both",
    "is missing two screws and the paper that explains it",
    "does not fit through our narrow door, can it go back",
]
LABELS = ["damage", "wrong_item", "late", "billing", "parts", "return"]
SCHEMA = {
    "type": "object",
    "properties": {"label": {"enum": LABELS}},
    "required": ["label"],
    "additionalProperties": False,
}
SYSTEM = "You sort the mail of a furniture shop. Answer with one label, as JSON, and nothing else."


def make_run(number: int, text: str, label: str, **changes: Any) -> dict[str, Any]:
    """One stored run in the OpenAI chat shape."""
    return {
        "id": f"{number:024x}",
        "interaction": {"id": "1" * 24, "name": "SortMail", "version": 1},
        "environment": {"id": "2" * 24, "name": "shop", "provider": "openai"},
        "modelId": "gpt-4.1-mini",
        "status": "completed",
        "finish_reason": "stop",
        "prompt": [
            {"role": "system", "content": SYSTEM},
            {"role": "user", "content": [{"type": "text", "text": f"Mail:\n{text}"}]},
        ],
        "parameters": {"mail": text},
        "result": {"label": label},
        "result_schema": SCHEMA,
        "token_use": {"prompt": 40, "result": 5},
        "created_at": f"2026-03-01T10:{number % 60:02d}:00.000Z",
        "updated_at": f"2026-03-01T11:{number % 60:02d}:00.000Z",
        **changes,
    }


def good_runs() -> list[dict[str, Any]]:
    """60 runs that share nothing but their template."""
    return [
        make_run(at * 6 + kind, f"The {thing} of order {at * 7919 + kind} {trouble}.", LABELS[kind])
        for at, thing in enumerate(THINGS)
        for kind, trouble in enumerate(TROUBLES)
    ]


@pytest.fixture
def runs() -> list[dict[str, Any]]:
    """Good runs, and one of each kind that leaves."""
    good = good_runs()
    text = good[0]["parameters"]["mail"]
    return [
        *good,
        make_run(1001, text, "damage"),
        make_run(1002, text.replace(" of order", " of the order"), "damage"),
        make_run(1003, text, "late", evaluation={"score": 0.9}),
        make_run(1004, "My order failed.", "late", status="failed"),
        make_run(1005, "My order was cut.", "late", finish_reason="length"),
        make_run(1006, "My order is empty.", "late", result=None),
        make_run(1007, "My order breaks it.", "late", result={"label": 7}),
        make_run(1008, "Not stored.", "late", prompt=None),
        make_run(1009, "An unknown shape.", "late", prompt={"strange": 1}),
        make_run(1010, good[7]["parameters"]["mail"], LABELS[1]),
        make_run(1011, good[8]["parameters"]["mail"] + " Thank you", LABELS[2]),
    ]


Writer = Callable[[Sequence[dict[str, Any]], str], Path]


@pytest.fixture
def write_runs(tmp_path: Path) -> Writer:
    """Write runs to a file of that name, one a line."""

    def write(documents: Sequence[dict[str, Any]], name: str = "runs.jsonl") -> Path:
        path = tmp_path / name
        path.write_text("".join(json.dumps(document) + "\n" for document in documents))
        return path

    return write


@pytest.fixture
def shuffled() -> Callable[[Sequence[Any]], list[Any]]:
    """The same things in another order, always the same one."""

    def shuffle(things: Sequence[Any]) -> list[Any]:
        return random.Random(5).sample(list(things), len(things))

    return shuffle


def trainset(*words: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run the command as a user does."""
    command = [str(Path(sys.executable).with_name("trainset")), *map(str, words)]
    if placed := environ_for(words):
        options["env"] = {**os.environ, **options.get("env", {}), **placed}
    return subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=120, **options
    )


@pytest.fixture
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """The `trainset` command."""
    return trainset
