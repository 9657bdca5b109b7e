"""`trainset` as a program, with a provider that writes down what is handed over to it.

    python tests/studio/counting_server.py FOLDER studio serve ...

In FOLDER there is a file for every submission that the provider ever got. As a provider does, it
knows a submission by its key, whichever server asks, and lets it run for a while.
"""

import os
import sys
from pathlib import Path

from pipeline.cli import main
from pipeline.trainers import TRAINERS, Submission, TrainerState

RUNNING_MS = 700


class CountingProvider:
    """Completes every submission after a while."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def look(self, submission: Submission, now: int) -> TrainerState:
        """How the submission stands; a new one is written down."""
        path = self._folder / submission.key
        try:
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            age = now - path.stat().st_mtime_ns // 1_000_000
            if age > RUNNING_MS:
                return TrainerState("completed", model=f"tuned:{submission.key}")
        return TrainerState("running")


if __name__ == "__main__":
    TRAINERS["test"] = CountingProvider(Path(sys.argv.pop(1)))
    sys.exit(main())
