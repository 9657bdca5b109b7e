"""A running Studio with runs in it, for commands that talk to one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pipeline.client import StudioClient
from pipeline.studio import EmbeddedStudio

ENVIRONMENTS = """[
  {"id": "7e5700000000000000000001", "name": "rehearsals", "provider": "test",
   "default_model": "test-chat-1",
   "enabled_models": [{"id": "test-chat-1", "name": "test-chat-1", "provider": "test"}]}
]"""


@dataclass
class Served:
    """A Studio, how to reach it, and the session that holds the runs."""

    studio: EmbeddedStudio
    key: str
    session: str
    client: StudioClient

    @property
    def flags(self) -> list[str]:
        return ["--studio-url", self.studio.url, "--api-key", self.key, "--session", self.session]

    def jobs(self) -> int:
        """How many jobs were ever started."""
        with self.studio.studio.database.read() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM jobs").scalar()
        return int(count or 0)


@pytest.fixture
def served(
    tmp_path: Path,
    runs: list[dict[str, Any]],
    write_runs: Callable[[Sequence[dict[str, Any]], str], Path],
) -> Iterator[Served]:
    environments = tmp_path / "environments.json"
    environments.write_text(ENVIRONMENTS)
    with EmbeddedStudio(tmp_path / "studio") as studio:
        report = studio.import_runs(write_runs(runs, "runs.jsonl"), environments)
        key = studio.create_key()
        with StudioClient(studio.url, api_key=key) as client:
            environment = client.environments.find("rehearsals")
            session = client.training.create("mail", environment.id, "test-chat-1")
            client.training.add_runs(session.id, report.run_ids)
            yield Served(studio, key, session.id, client)
