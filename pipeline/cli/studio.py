"""`trainset studio serve | import | key`: the embedded Studio."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipeline.cli.durations import DURATION
from pipeline.errors import UsageError

if TYPE_CHECKING:
    from pipeline.studio.keys import KeyRow

__all__ = ["command"]

data_dir_flag = click.option(
    "--data-dir", required=True, type=click.Path(path_type=Path), help="Where its data lie."
)
database_flag = click.option(
    "--database",
    metavar="URL",
    envvar="TRAINSET_DATABASE",
    help="Keep the state in PostgreSQL: postgresql+psycopg://USER@HOST/NAME. A password is better "
    "given in TRAINSET_DATABASE or a ~/.pgpass than here.",
)

_OBJECTS = (
    click.option(
        "--objects",
        metavar="URL",
        help="Where datasets are kept: a folder, gs://BUCKET/PREFIX or s3://BUCKET/PREFIX "
        "[default: in the data-dir].",
    ),
    click.option(
        "--objects-endpoint",
        metavar="URL",
        help="Another server that speaks the bucket's API: an emulator, or a storage of your own.",
    ),
    click.option(
        "--max-object",
        metavar="BYTES",
        type=click.IntRange(1),
        default=50 << 30,
        show_default=True,
        help="The largest dataset that is taken.",
    ),
    click.option(
        "--objects-quota",
        metavar="BYTES",
        type=click.IntRange(1),
        help="Of all datasets and unfinished uploads on this disk together [default: the disk's].",
    ),
)


def objects_flags(command: Callable[..., None]) -> Callable[..., None]:
    """Where datasets are kept, and how large they may be."""
    for flag in reversed(_OBJECTS):
        command = flag(command)
    return command


@click.group("studio")
def command() -> None:
    """Run the whole training API on this machine, with no account."""


@command.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", type=click.IntRange(0, 65535), default=8787, show_default=True)
@data_dir_flag
@database_flag
@objects_flags
@click.option("--allow-remote", is_flag=True, help="Permit a host that others can reach.")
@click.option(
    "--public-url",
    metavar="URL",
    help="Where clients reach it, if not at HOST:PORT: what links to datasets begin with.",
)
@click.option(
    "--log-level",
    type=click.Choice(["debug", "info", "warning", "error"]),
    default="warning",
    show_default=True,
    help="What is logged to stderr, from info on every request: JSON, words at a terminal.",
)
@click.option(
    "--stop-seconds",
    type=click.IntRange(0, 3600),
    default=30,
    show_default=True,
    help="How long running requests have after a signal.",
)
def serve_command(  # noqa: PLR0913 (one of each flag)
    *,
    host: str,
    port: int,
    data_dir: Path,
    database: str | None,
    allow_remote: bool,
    log_level: str,
    stop_seconds: int,
    public_url: str | None,
    **place: Any,
) -> None:
    """Serve until interrupted; prints 'Studio ready at http://HOST:PORT'."""
    from pipeline.studio import (  # noqa: PLC0415 (a server: only where it is used)
        ObjectLimits,
        ObjectsAt,
        serve,
        set_up_logs,
    )

    limits = ObjectLimits(place["max_object"], place["objects_quota"])
    objects = ObjectsAt(place["objects"], place["objects_endpoint"], limits)
    set_up_logs(log_level)
    serve(
        host=host,
        port=port,
        data_dir=data_dir,
        allow_remote=allow_remote,
        database=database,
        objects=objects,
        stop_seconds=stop_seconds,
        public_url=public_url,
    )


@command.command("import")
@data_dir_flag
@database_flag
@click.option("--runs", type=click.Path(path_type=Path), help="Run documents.")
@click.option("--environments", type=click.Path(path_type=Path), help="A JSON list of them.")
@click.option(
    "--interactions",
    type=click.Path(path_type=Path),
    help="Interactions and prompt templates: .json or .jsonl.",
)
@click.option("--project", default="default", show_default=True)
def import_command(
    *,
    data_dir: Path,
    database: str | None,
    runs: Path | None,
    environments: Path | None,
    interactions: Path | None,
    project: str,
) -> None:
    """Fill the Studio with exported runs, environments, interactions and templates."""
    from pipeline.studio import import_into  # noqa: PLC0415

    if runs is None and interactions is None:
        raise UsageError("there is nothing to import: give --runs FILE or --interactions FILE")
    report = import_into(
        data_dir, runs, environments, project, interactions=interactions, database=database
    )
    for problem in report.problems:
        click.echo(problem, err=True)
    if interactions is not None:
        said = f"{report.interactions:,} interactions and {report.templates:,} templates"
        click.echo(f"imported {said} into project {project}")
    if runs is not None:
        click.echo(f"imported {len(report.run_ids):,} runs into project {project}")


@command.command("key")
@data_dir_flag
@database_flag
@click.option("--project", help="Make a key for it; with --list, its keys alone.")
@click.option("--list", "listing", is_flag=True, help="Show the keys that were made.")
@click.option("--revoke", metavar="PREFIX", help="End the key that begins like this.")
@click.option("--rotate", metavar="PREFIX", help="Print a new key in place of this one.")
@click.option("--rotate-signing", is_flag=True, help="Sign tokens with a fresh key pair.")
@click.option("--expires", type=DURATION, help="How long the new key counts: 90d, 12h, 30m.")
@click.option(
    "--overlap",
    type=DURATION,
    default="1d",
    show_default=True,
    help="How long what is rotated goes on beside the new; 0 ends it at once.",
)
def key_command(  # noqa: PLR0913 (one of each flag)
    *,
    data_dir: Path,
    database: str | None,
    project: str | None,
    listing: bool,
    revoke: str | None,
    rotate: str | None,
    rotate_signing: bool,
    expires: float | None,
    overlap: float,
) -> None:
    """Make an API key for a project and print it: it is shown this once. Or list and end keys."""
    from pipeline.studio import KeyDesk  # noqa: PLC0415

    if sum(map(bool, (listing, revoke, rotate, rotate_signing))) > 1:
        raise UsageError("give one of --list, --revoke, --rotate and --rotate-signing")
    desk = KeyDesk(data_dir, database)
    if listing:
        _print_keys(desk.list(project))
    elif revoke:
        ended = desk.revoke(revoke)
        click.echo(f"revoked {ended.prefix}... of project {ended.project}")
    elif rotate:
        click.echo(desk.rotate(rotate, overlap=overlap, lifetime=expires))
    elif rotate_signing:
        click.echo(f"tokens are signed with {desk.rotate_signing(overlap=overlap)}")
    elif project:
        click.echo(desk.make(project, lifetime=expires))
    else:
        raise UsageError("--project: name the project that the key is for")


def _print_keys(rows: "list[KeyRow]") -> None:
    for row in rows:
        ends = row.revoked_at or row.expires_at or "-"
        click.echo(f"{row.prefix}...\t{row.project}\t{row.state}\t{row.created_at}\t{ends}")
