"""`trainset verify`: a build's files against everything that is said of them."""

from pathlib import Path
from typing import Any

import click
import msgspec

from pipeline.build.result import find_folder
from pipeline.build.verify import Checked, Verification, verify_folder
from pipeline.cli.console import shown_progress
from pipeline.cli.options import json_flag, read_spec, work_dir_flag
from pipeline.cli.summary import print_json
from pipeline.errors import IntegrityError
from pipeline.manifest import MANIFEST_NAME

__all__ = ["command"]

_COLOURS = {"holds": "green", "broken": "red", "not checked": "yellow"}


@click.command("verify")
@click.argument("build", default="latest", metavar="[BUILD]")
@click.option("--workers", type=click.IntRange(min=0), help="Processes; 0: one a processor.")
@work_dir_flag
@json_flag
def command(build: str, *, as_json: bool, **flags: Any) -> None:
    """Do all proofs of BUILD (default: the latest) again, from its files alone.

    Checksums, schemas, every line against its record, the ledger's equation, that no two runs
    that stay are alike, that each one that left is alike to the run it names, and that nothing
    crosses the split. BUILD may be a dataset's folder that was copied away: then its files are
    checked, and what could not be is said. Exit code 5 where anything is broken.
    """
    spec = read_spec(**flags)
    copied = (Path(build) / MANIFEST_NAME).is_file()
    folder = Path(build).resolve() if copied else find_folder(spec.run.work_dir, build)
    with shown_progress() as progress:
        found = verify_folder(folder, workers=spec.run.workers, progress=progress)
    _show(found, err=as_json)
    if as_json:
        print_json({**msgspec.to_builtins(found), "holds": found.holds})
    if not found.holds:
        broken = ", ".join(one.check for one in found.checks if one.verdict == "broken")
        raise IntegrityError(f"{folder}: {found.violations:,} violations, in {broken}; see above")


def _show(found: Verification, *, err: bool) -> None:
    click.echo("", err=err)
    for check in found.checks:
        _show_check(check, err=err)
    if found.holds:
        lacking = sum(one.verdict == "not checked" for one in found.checks)
        rest = f", {lacking} checks could not be done" if lacking else ""
        click.echo(f"\nnothing is broken{rest}", err=err)


def _show_check(check: Checked, *, err: bool) -> None:
    verdict = click.style(f"{check.verdict:<12}", fg=_COLOURS[check.verdict])
    click.echo(f"{check.check:<10} {verdict} {check.looked_at}", err=err)
    for broken in check.broken:
        click.echo(f"    {broken.rule}: {broken.count:,}", err=err)
        for example in broken.examples:
            click.echo(f"        {example}", err=err)
        if broken.count > len(broken.examples):
            click.echo(f"        and {broken.count - len(broken.examples):,} more", err=err)
