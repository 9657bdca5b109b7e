"""`--live URL`: the suite against a Studio that it knows only by its address and a key."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.contract.conftest import over_socket, seeded

HERE = Path(__file__).parent


def ask(url: str, key: str) -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE)]
    return subprocess.run(
        [*words, "--live", url],
        cwd=HERE.parents[1],
        env={**os.environ, "TRAINSET_LIVE_KEY": key},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_the_suite_holds_a_studio_that_is_elsewhere_to_the_contract(tmp_path: Path) -> None:
    with over_socket(tmp_path) as place:
        door = seeded(place)
        done = ask(place.url, door.key)
        counts = {word: int(n) for n, word in re.findall(r"(\d+) (\w+)", done.stdout)}
        assert done.returncode == 0, done.stdout
        assert counts["passed"] >= 50
        assert counts["deselected"] >= 60
        assert "skipped" not in counts
        jobs = [one["job"] for one in door.get("/training?limit=1000")]
        assert set(map(str, jobs)) == {"{}"}, "nothing was trained"


def test_without_a_key_it_says_which_variable_to_set(tmp_path: Path) -> None:
    with over_socket(tmp_path) as place:
        done = ask(place.url, "")
    assert done.returncode == 4
    assert "TRAINSET_LIVE_KEY" in done.stdout + done.stderr
