"""`trainset start`: start the training of the published dataset."""

from typing import Any

import click
import msgspec

from pipeline.build import find_build
from pipeline.build.publishing.publish import start_training
from pipeline.build.pulling.sessions import find_session
from pipeline.cli.access import configured_studio
from pipeline.cli.options import (
    json_flag,
    read_spec,
    studio_flags,
    target_flags,
    work_dir_flag,
)
from pipeline.cli.standing import check_session
from pipeline.cli.summary import print_json, say_started

__all__ = ["command"]


@click.command("start")
@click.argument("build", default="latest")
@click.option(
    "--again", is_flag=True, help="Start a new job after one that failed or was cancelled."
)
@studio_flags
@target_flags
@work_dir_flag
@json_flag
def command(build: str, *, again: bool, api_key: str | None, as_json: bool, **flags: Any) -> None:
    """Start the training of BUILD (default: the latest), once: never a second job.

    A job that the dataset has already is named instead, whatever became of the first answer.
    """
    spec = read_spec(**flags)
    result = find_build(spec.run.work_dir, build)
    with configured_studio(spec, api_key) as client:
        session = find_session(client, spec)
        form = check_session(spec, session, result.formats())
        started = start_training(result, client, session.id, form=form, again=again)
    say_started(started)
    if as_json:
        print_json(result.summary(session=session.id, job=msgspec.to_builtins(started.job)))
