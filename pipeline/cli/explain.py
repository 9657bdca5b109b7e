"""`trainset explain`: the life of one run."""

from typing import Any

import click
import msgspec

from pipeline.build import find_build
from pipeline.build.life import RunLife, explain_run
from pipeline.cli.options import json_flag, read_spec, work_dir_flag
from pipeline.cli.summary import print_json

__all__ = ["command"]


@click.command("explain")
@click.argument("run_id")
@click.option("--build", "build", default="latest", metavar="BUILD", help="[default: the latest]")
@work_dir_flag
@json_flag
def command(run_id: str, *, build: str, as_json: bool, **flags: Any) -> None:
    """Tell what became of RUN_ID: kept and where, or when it left, why, and what it is alike to."""
    spec = read_spec(**flags)
    result = find_build(spec.run.work_dir, build)
    lives = explain_run(result, run_id)
    for life in lives:
        click.echo("\n".join(_sentences(life)), err=as_json)
    if as_json:
        rows = [msgspec.to_builtins(life) for life in lives]
        print_json({"build_id": result.build_id, "run_id": run_id, "rows": rows})


def _sentences(life: RunLife) -> list[str]:
    row = life.row
    interaction = f" of {row.interaction}" if row.interaction else ""
    said = [f"Run {row.run_id}{interaction}"]
    match row.outcome:
        case "kept":
            said += [f"  kept in {row.split}, {row.tokens:,} tokens"]
            said += [f"  {line.file} line {line.line}" for line in life.lines]
            said += [f"  stands for {one}, which left" for one in life.duplicates]
        case "duplicate":
            said += [f"  left at {row.stage}: {row.code}"]
        case "rejected":
            said += [f"  rejected at {row.stage}: {row.code}"]
    if row.prompt_source and row.prompt_source != "stored":
        said.append(f"  its prompt was {row.prompt_source.replace('_', ' ')}")
    said += [f"  flag: {flag}" for flag in row.flags or ()]
    if row.redacted:
        said.append(f"  replaced: {row.redacted}")
    if row.detail:
        said.append(f"  {row.detail}")
    if row.matched_run_id and row.similarity is None:
        said.append(f"  its place is taken by {row.matched_run_id}")
    elif row.matched_run_id:
        said.append(f"  alike to {row.matched_run_id}, inputs {row.similarity:.3f} alike")
    if row.component and row.component != row.run_id:
        said.append(f"  split together with component {row.component}")
    return said
