"""Where work runs: batches and functions, never records."""

from pipeline.engines.engine import Engine
from pipeline.engines.local import LocalEngine, prepare_workers
from pipeline.errors import UsageError

__all__ = ["WORKER_MODULES", "Engine", "LocalEngine", "open_engine", "prepare_workers"]

WORKER_MODULES = ("pipeline.build.plan",)
"""What a worker has imported before it is forked."""


def open_engine(name: str, workers: int, preload: tuple[str, ...] = ()) -> Engine:
    """The engine of that name. `workers` 0 means one for each processor."""
    if name == "local":
        return LocalEngine(workers, preload)
    raise UsageError(f"--engine {name}: is not built yet; leave it out to work on this machine")
