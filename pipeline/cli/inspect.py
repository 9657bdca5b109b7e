"""`trainset inspect`: what a build did, stage by stage, and what lies on a shelf."""

from typing import Any

import click
import msgspec
import pyarrow.parquet as pq

from pipeline.build import BuildResult, find_build
from pipeline.build.ledger_file import LEDGER, Shelves
from pipeline.build.shelf import Shelf
from pipeline.build.telling.unknown import unknown_shapes
from pipeline.cli.options import json_flag, read_spec, work_dir_flag
from pipeline.cli.summary import print_json
from pipeline.errors import UsageError
from pipeline.storage import LocalStore

__all__ = ["command"]

_WIDTH = 60
_STAGES = ("pull", "normalize", "validate", "dedupe", "split", "ledger")


@click.command("inspect")
@click.argument("build", default="latest")
@click.argument("stage", required=False)
@click.option("--code", metavar="CODE", help="Only rows that left with this code.")
@click.option("--unknown", is_flag=True, help="Group the runs that were not understood.")
@click.option("--limit", type=click.IntRange(min=1), default=10, show_default=True)
@work_dir_flag
@json_flag
def command(
    build: str,
    stage: str | None,
    *,
    code: str | None,
    unknown: bool,
    limit: int,
    as_json: bool,
    **flags: Any,
) -> None:
    """Show BUILD (default: the latest) stage by stage, or some rows of one STAGE.

    STAGE is one of pull, normalize, validate, dedupe, split, ledger. --unknown shows the forms of
    runs that were not understood, without their words, to be reported.
    """
    if build in _STAGES:
        build, stage = "latest", build
    result = find_build(read_spec(**flags).run.work_dir, build)
    if unknown:
        _show_unknown(result, as_json=as_json)
        return
    if stage is None and code is None:
        _show_stages(result, as_json=as_json)
        return
    rows = _rows(result, stage or "ledger", code, limit)
    if as_json:
        print_json({"build_id": result.build_id, "stage": stage or "ledger", "rows": rows})
        return
    for row in rows:
        click.echo("\n".join(f"{name:<16} {_short(value)}" for name, value in row.items()))
        click.echo("")


def _show_stages(result: BuildResult, *, as_json: bool) -> None:
    shelves = Shelves(LocalStore(result.path))
    stages: list[dict[str, Any]] = []
    for shelf in (
        shelves.pulled, shelves.records, shelves.validated, shelves.deduped, shelves.divided
    ):  # fmt: skip
        manifest = shelf.manifest()
        if manifest is None:
            continue
        tally = manifest.tally
        left = {**tally.rejected, **tally.duplicates}
        stages.append({"stage": shelf.name, "in": tally.pulled, "out": tally.kept, "left": left})
    if as_json:
        print_json({**result.summary(), "stages": stages})
        return
    for stage in stages:
        click.echo(f"{stage['stage']:<14} {stage['in']:>10,} in {stage['out']:>10,} out")
        for name, count in sorted(stage["left"].items(), key=lambda pair: -pair[1]):
            click.echo(f"    {name:<24} {count:>10,}")
    for split, count in result.manifest.splits.items():
        click.echo(f"{split:<14} {count:>10,} records")


def _show_unknown(result: BuildResult, *, as_json: bool) -> None:
    shapes = unknown_shapes(result)
    if as_json:
        unknown = [msgspec.to_builtins(shape) for shape in shapes]
        print_json({"build_id": result.build_id, "unknown": unknown})
        return
    if not shapes:
        click.echo("every run was understood")
    for shape in shapes:
        click.echo(
            f"{shape.runs:,} {'run' if shape.runs == 1 else 'runs'}: {shape.code}: {shape.said}"
        )
        click.echo(f"    at      {shape.path}")
        click.echo(
            f"    runs    {', '.join(shape.run_ids)}{' ...' * (shape.runs > len(shape.run_ids))}"
        )
        click.echo(f"    outline {shape.outline}\n")


def _rows(result: BuildResult, stage: str, code: str | None, limit: int) -> list[dict[str, Any]]:
    shelves = Shelves(LocalStore(result.path))
    known: dict[str, Shelf] = {
        "pull": shelves.pulled,
        "normalize": shelves.records,
        "validate": shelves.validated,
        "dedupe": shelves.deduped,
        "split": shelves.divided,
    }
    if code is not None or stage == "ledger":
        filters = [("code", "=", code)] if code is not None else None
        table = pq.read_table(result.path / LEDGER, filters=filters)
        return _plain(table.slice(0, limit).to_pylist())
    if stage not in known:
        raise UsageError(f"{stage}: is no stage; the stages are {', '.join(_STAGES)}")
    return _plain(known[stage].read_part(0).slice(0, limit).to_pylist())


def _plain(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            name: value.decode(errors="replace") if isinstance(value, bytes) else value
            for name, value in row.items()
        }
        for row in rows
    ]


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= _WIDTH else f"{text[:_WIDTH]}… ({len(text):,} characters)"
