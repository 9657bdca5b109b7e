"""Which Studio a command talks to: the configured one, or an embedded one."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.build.pulling.templates import template_files
from pipeline.cli.console import say
from pipeline.client import StudioClient
from pipeline.errors import UsageError
from pipeline.spec import BuildSpec

__all__ = ["configured_studio", "embedded_studio"]


@contextmanager
def configured_studio(spec: BuildSpec, api_key: str | None) -> Iterator[StudioClient]:
    """A client of the Studio that the spec or the environment names."""
    if spec.studio.url is None:
        raise UsageError("which Studio? give --studio-url or set TRAINSET_STUDIO_URL")
    if not api_key:
        raise UsageError("no API key; set TRAINSET_API_KEY or give --api-key")
    with StudioClient(
        spec.studio.url,
        api_key=api_key,
        token_url=spec.studio.token_url,
        storage_hosts=spec.studio.storage_hosts,
    ) as client:
        yield client


@contextmanager
def embedded_studio(spec: BuildSpec) -> Iterator[tuple[StudioClient, list[str]]]:
    """A Studio of our own, filled from the spec's files, and the ids of the imported runs.

    Its data stay in the work-dir, so the next run finds its sessions and jobs again.
    """
    from pipeline.studio import EmbeddedStudio  # noqa: PLC0415 (a server: only where it is used)

    if not spec.source.runs:
        raise UsageError(
            "there is nothing to run on: give --runs FILE (an embedded Studio is filled from it), "
            "or --studio-url and --session"
        )
    data_dir = Path(spec.run.work_dir).expanduser().resolve() / "studio"
    with EmbeddedStudio(data_dir) as studio:
        say(f"No Studio is configured: started an embedded one at {studio.url}")
        if sys.stderr.isatty():
            say(f"  look at it while it runs: {studio.page_link()}")
        ids: list[str] = []
        for path in template_files(spec.source.interactions):
            for problem in studio.import_interactions(path).problems:
                say(f"  {path.name}: {problem}")
        environments = Path(spec.source.environments) if spec.source.environments else None
        for name in spec.source.runs:
            report = studio.import_runs(Path(name), environments)
            ids += report.run_ids
            for problem in report.problems:
                say(f"  {problem}")
        say(f"  imported {len(ids):,} runs")
        with StudioClient(studio.url, api_key=studio.create_key()) as client:
            yield client, ids
