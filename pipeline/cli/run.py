"""`trainset run`: all of it, from the runs to a finished training job."""

from contextlib import ExitStack
from typing import Any

import click
import msgspec

from pipeline.api.sessions import TrainingSession
from pipeline.build import build_dataset
from pipeline.build.publishing.publish import publish_dataset, start_training
from pipeline.build.pulling.sessions import fill_session, find_session, watch_job
from pipeline.build.pulling.sources import FileSource
from pipeline.build.pulling.studio_source import StudioSource
from pipeline.cli.access import configured_studio, embedded_studio
from pipeline.cli.console import say, shown_progress
from pipeline.cli.options import BuildCommand, build_flags, read_spec
from pipeline.cli.standing import check_session
from pipeline.cli.summary import print_json, say_build, say_job, say_published, say_started
from pipeline.client import StudioClient
from pipeline.spec import BuildSpec

__all__ = ["command"]


@click.command("run", cls=BuildCommand)
@build_flags
def command(spec: tuple[str, ...], *, api_key: str | None, as_json: bool, **flags: Any) -> None:
    """Pull a session's runs, build the dataset, upload it, start the training, follow it.

    Without a Studio configured an embedded one is started and filled from the spec's files. Run
    it again after any break: what is done is not done twice, and no second job is started.
    """
    merged = read_spec(spec, **flags)
    with ExitStack() as stack:
        client, session = _open(merged, api_key, stack)
        form = check_session(merged, session, merged.formats)
        source = StudioSource(client, session)
        with shown_progress() as progress:
            result = build_dataset(merged, source=source, progress=progress)
            published = publish_dataset(
                result, client, session.id, gates=merged.gates, form=form, progress=progress
            )
        say_build(result)
        say_published(published, session)
        started = start_training(result, client, session.id, form=form)
        say_started(started)
        job = watch_job(client, started.job.id, say_job)
    if as_json:
        print_json(result.summary(session=session.id, job=msgspec.to_builtins(job)))


def _open(
    spec: BuildSpec, api_key: str | None, stack: ExitStack
) -> tuple[StudioClient, TrainingSession]:
    """The Studio and the session to work on."""
    if spec.studio.url is not None:
        client = stack.enter_context(configured_studio(spec, api_key))
        return client, find_session(client, spec)
    client, run_ids = stack.enter_context(embedded_studio(spec))
    if spec.source.session is not None:
        return client, fill_session(client, spec, spec.source.session, run_ids)
    files = FileSource(spec.source.runs, spec.source.max_run_bytes)
    session = fill_session(client, spec, f"trainset {files.digest()[:12]}", run_ids)
    say(f"  session {session.name} ({session.id})")
    return client, session
