"""`trainset publish`: upload a finished dataset and set it as the session's."""

from typing import Any

import click

from pipeline.build import find_build
from pipeline.build.publishing.publish import publish_dataset
from pipeline.build.pulling.sessions import find_session
from pipeline.cli.access import configured_studio
from pipeline.cli.console import shown_progress
from pipeline.cli.options import (
    json_flag,
    read_spec,
    studio_flags,
    target_flags,
    work_dir_flag,
)
from pipeline.cli.standing import check_session
from pipeline.cli.summary import print_json, say_published

__all__ = ["command"]


@click.command("publish")
@click.argument("build", default="latest")
@studio_flags
@target_flags
@work_dir_flag
@json_flag
def command(build: str, *, api_key: str | None, as_json: bool, **flags: Any) -> None:
    """Upload BUILD's training file (default: the latest build) and set it as the dataset.

    Run twice, the second time says that nothing is to be done.
    """
    spec = read_spec(**flags)
    result = find_build(spec.run.work_dir, build)
    with configured_studio(spec, api_key) as client, shown_progress() as progress:
        session = find_session(client, spec)
        form = check_session(spec, session, result.formats())
        published = publish_dataset(
            result, client, session.id, gates=spec.gates, form=form, progress=progress
        )
    say_published(published, session)
    if as_json:
        print_json(result.summary(session=session.id))
