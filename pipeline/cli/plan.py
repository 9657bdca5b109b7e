"""`trainset plan`: what would be made, and what it would cost, without doing it."""

from contextlib import ExitStack
from typing import Any

import click
import msgspec

from pipeline.build.forecast.forecast import MOST_LEAVE, Forecast, forecast
from pipeline.build.pulling.sessions import find_session
from pipeline.build.pulling.studio_source import StudioSource
from pipeline.cli.access import configured_studio
from pipeline.cli.console import say
from pipeline.cli.options import BuildCommand, build_flags, read_spec
from pipeline.cli.standing import today
from pipeline.cli.summary import print_json, told_cost, told_spread
from pipeline.manifest import Span

__all__ = ["command"]


@click.command("plan", cls=BuildCommand)
@build_flags
@click.option(
    "--sample",
    type=click.IntRange(min=1),
    default=1000,
    show_default=True,
    metavar="N",
    help="How many runs are looked at, the first of the source.",
)
def command(
    spec: tuple[str, ...], *, api_key: str | None, as_json: bool, sample: int, **flags: Any
) -> None:
    """Say what a build would make and what training on it would cost; nothing is written.

    The counts are those of the finished build where there is one, else they are estimated from
    the first runs, before near-duplicates are taken out. A Studio is asked only for --session.
    """
    merged = read_spec(spec, **flags)
    with ExitStack() as stack:
        source = None
        if merged.source.session is not None:
            client = stack.enter_context(configured_studio(merged, api_key))
            source = StudioSource(client, find_session(client, merged))
        told = forecast(merged, today(), source=source, most=sample)
    _say(told)
    if as_json:
        print_json(msgspec.to_builtins(told))


def _say(told: Forecast) -> None:
    note = "  (it is there already)" if told.finished else ""
    say(f"Build {told.build_id}{note}")
    _say_source(told)
    for number, stage in enumerate(told.stages, 1):
        changed = ", ".join(f"{path} = {_plain(value)}" for path, value in stage.changed.items())
        say(f"  {number} {stage.stage:<9} {changed or 'as by default'}")
    _say_counts(told)
    if told.target is not None:
        name = f"{told.target.model or 'any model'} at {told.target.provider or 'nobody known'}"
        say(f"  target      {name}: {told.target.state}")
    for line in told_cost(told.estimate) if told.estimate is not None else ():
        say(line)
    for sentence in told.warnings:
        say(f"warning: {sentence}")


def _say_source(told: Forecast) -> None:
    runs = f"{told.runs:,} runs" if told.runs is not None else "runs"
    if told.source["kind"] == "session":
        say(f"  source      session {told.source['session']}, {runs}")
        return
    say(f"  source      {runs}")
    for file in told.source["files"]:
        say(f"    {file['name']:<28} {file['bytes'] / 1e6:>9,.1f} MB")


def _say_counts(told: Forecast) -> None:
    if told.looked_at is not None:
        gone = sum(told.rejected.values())
        say(f"  looked at   {told.looked_at:>9,} runs, {gone:,} of them would be rejected")
        for code, count in sorted(told.rejected.items(), key=lambda pair: (-pair[1], pair[0])):
            say(f"    {code:<28} {count:>3,}")
    for split, records in told.records.items():
        tokens = told_spread(told.tokens.get(split, Span(0, 0, 0)))
        say(f"  {split:<11} {told_spread(records):>9} records, {tokens} tokens")
    if told.looked_at is not None:
        share = f"{MOST_LEAVE:.0%}"
        say(f"    before near-duplicates leave; the range allows for {share} of the records")


def _plain(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower().replace("none", "-")
