"""The pool of processes: order, errors, and an end when the parent is gone."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engines import Engine, open_engine
from pipeline.errors import TransientError, UsageError


@pytest.fixture(params=[1, 2])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    opened = open_engine("local", request.param)
    yield opened
    opened.close()


def test_results_come_in_the_order_of_the_batches(engine: Engine) -> None:
    assert list(engine.map(abs, range(-40, 0))) == list(range(40, 0, -1))


def test_what_the_function_raises_is_raised_here(engine: Engine) -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(engine.map(int, ["1", "two", "3"]))


def test_batches_are_asked_for_only_as_results_are_taken(engine: Engine) -> None:
    asked: list[int] = []

    def batches() -> Iterator[int]:
        for number in range(100):
            asked.append(number)
            yield number

    results = engine.map(abs, batches())
    assert next(results) == 0
    assert len(asked) <= 5


def test_a_killed_worker_is_a_clear_error() -> None:
    engine = open_engine("local", 2)
    with pytest.raises(TransientError, match="a worker process was killed"):
        list(engine.map(os._exit, [9]))
    engine.close()


def test_an_engine_that_is_not_built_says_so() -> None:
    with pytest.raises(UsageError, match="not built yet"):
        open_engine("dask", 2)


def test_workers_end_when_their_parent_is_killed() -> None:
    code = (
        "import os, time, sys\n"
        "from pipeline.engines import open_engine\n"
        "if __name__ == '__main__':\n"
        "    engine = open_engine('local', 2)\n"
        "    list(engine.map(abs, [1]))\n"
        "    print(os.getpid(), *[p.pid for p in engine._pool._processes.values()], flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    pids = [int(word) for word in parent.stdout.readline().split()]
    assert len(pids) == 3
    time.sleep(1.0)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    deadline = time.monotonic() + 10
    while any(_alive(pid) for pid in pids[1:]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(pid) for pid in pids[1:])


def _alive(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
        return stat.rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
