"""`trainset cancel`: cancel the session's job."""

from typing import Any

import click
import msgspec

from pipeline.build.pulling.sessions import cancel_job, find_session
from pipeline.cli.access import configured_studio
from pipeline.cli.options import json_flag, read_spec, studio_flags
from pipeline.cli.summary import print_json, say_job

__all__ = ["command"]


@click.command("cancel")
@studio_flags
@json_flag
def command(*, api_key: str | None, as_json: bool, **flags: Any) -> None:
    """Cancel the session's job at its provider."""
    spec = read_spec(**flags)
    with configured_studio(spec, api_key) as client:
        session = find_session(client, spec)
        job = cancel_job(client, session)
    say_job(job)
    if as_json:
        print_json({"session": session.id, "job": msgspec.to_builtins(job)})
