"""`trainset watch`: follow the session's job to its end."""

from typing import Any

import click
import msgspec

from pipeline.api.sessions import job_of
from pipeline.build.pulling.sessions import find_session, watch_job
from pipeline.cli.access import configured_studio
from pipeline.cli.options import json_flag, read_spec, studio_flags
from pipeline.cli.summary import print_json, say_job
from pipeline.errors import Conflict

__all__ = ["command"]


@click.command("watch")
@studio_flags
@json_flag
def command(*, api_key: str | None, as_json: bool, **flags: Any) -> None:
    """Follow the session's job to its end: 0 when it completed, 4 when it failed."""
    spec = read_spec(**flags)
    with configured_studio(spec, api_key) as client:
        session = find_session(client, spec)
        job = job_of(session)
        if job is None:
            raise Conflict(f"session {session.name}: has no job yet; `trainset start` starts one")
        job = watch_job(client, job.id, say_job)
    if as_json:
        print_json({"session": session.id, "job": msgspec.to_builtins(job)})
