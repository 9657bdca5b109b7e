"""What people see while a build runs: bars on a terminal, plain lines in cron. All on stderr."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import click

from pipeline.build import Progress

__all__ = ["say", "shown_progress"]


def say(sentence: str) -> None:
    """One line for a person, on stderr."""
    click.echo(sentence, err=True)


@contextmanager
def shown_progress() -> Iterator[Progress]:
    """Bars where stderr is a terminal, else one plain line a stage."""
    if not sys.stderr.isatty():
        yield _Lines()
        return
    bars = _Bars()
    try:
        yield bars
    finally:
        bars.stop()


class _Lines:
    """A line when a stage ends."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def begin(self, stage: str, total: int | None) -> None:
        """Remember when it began."""
        del stage, total
        self._began = time.monotonic()

    def advance(self, count: int) -> None:
        """Lines do not move."""

    def end(self, stage: str, said: str) -> None:
        """Say what came out and how long it took."""
        say(f"{stage:<16} {said}  ({time.monotonic() - self._began:.1f} s)")


class _Bars:
    """A moving bar for the stage that runs, a line for each that is over."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 (only where a person looks)
        from rich.progress import (  # noqa: PLC0415
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeElapsedColumn,
        )
        from rich.progress import Progress as RichProgress  # noqa: PLC0415

        self._console = Console(stderr=True, highlight=False)
        self._progress = RichProgress(
            TextColumn("{task.description:<16}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
        )
        self._task: int | None = None
        self._began = time.monotonic()
        self._progress.start()

    def begin(self, stage: str, total: int | None) -> None:
        """Show a new bar."""
        self._clear()
        self._began = time.monotonic()
        self._task = self._progress.add_task(stage, total=total)

    def advance(self, count: int) -> None:
        """Move it."""
        if self._task is not None:
            self._progress.advance(self._task, count)  # type: ignore[arg-type]

    def end(self, stage: str, said: str) -> None:
        """Leave a line in its place."""
        self._clear()
        seconds = time.monotonic() - self._began
        self._console.print(f"[green]✓[/] {stage:<16} {said}  [dim]({seconds:.1f} s)[/]")

    def stop(self) -> None:
        """Give the terminal back."""
        self._clear()
        self._progress.stop()

    def _clear(self) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)  # type: ignore[arg-type]
            self._task = None
