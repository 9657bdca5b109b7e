"""`trainset build`: pull .. write."""

from contextlib import ExitStack
from typing import Any

import click

from pipeline.build import build_dataset
from pipeline.build.pulling.sessions import find_session
from pipeline.build.pulling.studio_source import StudioSource
from pipeline.cli.access import configured_studio
from pipeline.cli.console import shown_progress
from pipeline.cli.options import BuildCommand, build_flags, read_spec
from pipeline.cli.standing import warn_of_target
from pipeline.cli.summary import print_json, say_build

__all__ = ["command"]


@click.command("build", cls=BuildCommand)
@build_flags
def command(spec: tuple[str, ...], *, api_key: str | None, as_json: bool, **flags: Any) -> None:
    """Pull, normalize, validate, dedupe, split, write: the dataset, and nothing is sent anywhere.

    From files with --runs, or from a session with --studio-url and --session.
    """
    merged = read_spec(spec, **flags)
    warn_of_target(merged)
    with ExitStack() as stack:
        source = None
        if merged.source.session is not None:
            client = stack.enter_context(configured_studio(merged, api_key))
            source = StudioSource(client, find_session(client, merged))
        progress = stack.enter_context(shown_progress())
        result = build_dataset(merged, source=source, progress=progress)
    say_build(result)
    if as_json:
        print_json(result.summary(session=merged.source.session))
