"""`trainset diff`: what changed from one build to another, and why."""

from typing import Any

import click
import msgspec

from pipeline.build import find_build
from pipeline.build.telling.diff import BuildDiff, Change, Shift, diff_builds
from pipeline.cli.options import json_flag, read_spec, work_dir_flag
from pipeline.cli.summary import print_json

__all__ = ["command"]

_SHOWN = 20


@click.command("diff")
@click.argument("build_a", metavar="BUILD_A")
@click.argument("build_b", default="latest", metavar="[BUILD_B]")
@work_dir_flag
@json_flag
def command(build_a: str, build_b: str, *, as_json: bool, **flags: Any) -> None:
    """Tell what changed from BUILD_A to BUILD_B (default: the latest).

    Runs added, removed, moved to another split, or changed, each with its reason: a new or edited
    run, a run that is gone, a cap, another run that it is alike to, a new rule; then tokens and
    the shift of each interaction.
    """
    work_dir = read_spec(**flags).run.work_dir
    found = diff_builds(find_build(work_dir, build_a), find_build(work_dir, build_b))
    click.echo("\n".join(_sentences(found)), err=as_json)
    if as_json:
        print_json(msgspec.to_builtins(found))


def _sentences(diff: BuildDiff) -> list[str]:
    said = [f"{diff.before} -> {diff.after}"]
    if diff.before == diff.after:
        return [*said, "  they are the same build"]
    said += [f"  {one.path}: {one.before} -> {one.after}" for one in diff.words]
    if diff.same:
        return [*said, "  the same runs are kept, in the same splits, with the same records"]
    said.append(f"  kept        {_figures(diff.records.before, diff.records.after)} records")
    said += [
        f"  {split:<11} {_figures(tokens.before, tokens.after)} tokens"
        for split, tokens in diff.tokens.items()
    ]
    for change in diff.changes:
        said += _change(change)
    if diff.shifts:
        said.append("  interactions, records and their share")
    said += [_shift(shift) for shift in diff.shifts[:_SHOWN]]
    if len(diff.shifts) > _SHOWN:
        said.append(f"    and {len(diff.shifts) - _SHOWN} more")
    return said


def _change(change: Change) -> list[str]:
    more = " ..." if change.count > len(change.run_ids) else ""
    return [
        f"  {change.change:<9} {change.count:>9,}  {change.reason}: {change.detail}",
        f"      {', '.join(change.run_ids)}{more}",
    ]


def _shift(shift: Shift) -> str:
    splits = ", ".join(
        f"{split} {one.before:,} -> {one.after:,}" for split, one in shift.splits.items()
    )
    records = _figures(shift.records.before, shift.records.after)
    return (
        f"    {shift.interaction or '(none)':<24} {records}"
        f"  {shift.share_before:.1%} -> {shift.share_after:.1%}  ({splits})"
    )


def _figures(before: int, after: int) -> str:
    return f"{before:>9,} -> {after:>9,} ({after - before:+,})"
