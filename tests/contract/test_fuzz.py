"""schemathesis over the real server and its own document: all checks, no failure.

The checks that are widened for an operation stand in `WIDENED`, each with its reason; none is
left out. `TRAINSET_FUZZ_SECONDS` gives it longer (`.ci/run` does).
"""

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.conftest import over_socket, seeded

SECONDS = int(os.environ.get("TRAINSET_FUZZ_SECONDS", "20"))
USUAL = ["2xx", 401, 403, 404, 409, 429, "5xx"]
"""What schemathesis itself expects of a request that fits the document."""
WIDENED = {
    "createSession": "a model that the environment cannot train is 400: no schema can say which",
    "buildSession": "a session without anything to train on is 400",
    "startTraining": "a provider without a trainer is 400",
}
PROGRAM = Path(sys.executable).with_name("schemathesis")


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Any]:
    """A project of a Studio of its own: what is made up here stays here."""
    with over_socket(tmp_path) as place:
        yield seeded(place)


def configuration(door: Any, named: dict[str, list[str]]) -> str:
    """A schemathesis.toml: half of the ids are real ones, the rest is made up."""
    lines = ["[headers]"]
    lines += [f'Authorization = "Bearer {door.token}"', 'x-api-version = "20260803"']
    for name, values in named.items():
        lines += [f"[dictionaries.{name}]", f"values = {json.dumps(values)}"]
    lines += ["[parameters]"]
    lines += [f'"path.{name}" = {{dictionary = "{name}", probability = 0.5}}' for name in named]
    lines += ["[[operations]]", 'include-operation-id = "issueToken"']
    lines += [f'headers = {{Authorization = "Bearer {door.key}"}}']
    for operation in WIDENED:
        lines += ["[[operations]]", f'include-operation-id = "{operation}"']
        expected = json.dumps([*USUAL, 400])
        lines += [f"checks.positive_data_acceptance.expected-statuses = {expected}"]
    text = "\n".join(lines) + "\n"
    tomllib.loads(text)
    return text


def test_schemathesis_finds_no_failure(door: Any, tmp_path: Path) -> None:
    ready = door.prepared()
    trained = door.prepared()
    job = door.post(f"/training/{trained}/start")["id"]
    named = {
        "session": [door.session(), door.session(runs=3), ready, trained],
        "job": [job],
        "run": door.runs[:3],
        "environment": [door.env],
        "interaction": [f"i-{door.project}"],
        "prompt": [f"t-{door.project}"],
    }
    config = tmp_path / "schemathesis.toml"
    config.write_text(configuration(door, named))
    words = ["--config-file", config, "run", f"{door.place.url}/api/v1/openapi.json"]
    words += ["--max-time", SECONDS, "--continue-on-failure", "--no-color"]
    words += ["--generation-database", "none", "--report-dir", tmp_path / "report"]
    done = subprocess.run(
        [str(PROGRAM), *map(str, words)],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=SECONDS + 120,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr[-2_000:]
    assert "Selected: 25/25" in done.stdout
    assert "Tested: 25" in done.stdout
