"""`trainset explain`: the life of one run, shelf by shelf, with the words that differ."""

import sys
from typing import Any

import click
import msgspec

from pipeline.build import find_build
from pipeline.build.telling.life import Likeness, Piece, RunLife, explain_run
from pipeline.cli.options import json_flag, read_spec, work_dir_flag
from pipeline.cli.summary import print_json

__all__ = ["command"]

_COLOURS = {"left": "red", "right": "green", "left_out": "bright_black"}
_MARKS = {"left": "[-{}-]", "right": "{{+{}+}}", "left_out": "[… {} …]", "same": "{}"}


@click.command("explain")
@click.argument("run_id")
@click.option("--build", "build", default="latest", metavar="BUILD", help="[default: the latest]")
@work_dir_flag
@json_flag
def command(run_id: str, *, build: str, as_json: bool, **flags: Any) -> None:
    """Tell what became of RUN_ID: kept and where, or when it left, why, and what it is alike to.

    Of two alike runs the differing words are shown: in red those of RUN_ID alone, in green those
    of the other (without colours: [-words-] and {+words+}).
    """
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
    said = [f"Run {row.run_id}{interaction}", *_origin(life)]
    match row.outcome:
        case "kept":
            said += [f"  kept in {row.split}, {row.tokens or 0:,} tokens"]
            said += [f"  stands for {one}, which left" for one in life.duplicates]
            if life.duplicates_count > len(life.duplicates):
                said += [f"  and for {life.duplicates_count - len(life.duplicates):,} more"]
        case "duplicate":
            said += [f"  left at {row.stage}: {row.code}"]
        case "rejected":
            said += [f"  rejected at {row.stage}: {row.code}"]
    for line in life.lines:
        side = ", as the answer that was not preferred" if line.rejected else ""
        said.append(f"  {line.file} line {line.line}{side}")
    said += [f"  flag: {flag}" for flag in row.flags or ()]
    if row.redacted:
        said.append(f"  replaced: {row.redacted}")
    if row.rewritten:
        said.append(f"  rewritten: {', '.join(row.rewritten)}")
    if row.detail:
        said.append(f"  {row.detail}")
    return [*said, *_match(life), *_component(life)]


def _origin(life: RunLife) -> list[str]:
    said = []
    if (pulled := life.pulled) is not None:
        words = [pulled.status, pulled.model, pulled.environment]
        known = ", ".join(word for word in words if word)
        size = f", {pulled.bytes:,} bytes" if pulled.bytes is not None else ""
        said.append(f"  pulled into {pulled.part}: {known or 'nothing known'}{size}")
        said.append(f"  created {pulled.created_at}, updated {pulled.updated_at}")
    if life.row.prompt_source and life.row.prompt_source != "stored":
        said.append(f"  its prompt was {life.row.prompt_source.replace('_', ' ')}")
    if (record := life.record) is not None:
        score = f", score {record.score:g}" if record.score is not None else ""
        tools = f", tools {', '.join(record.tools)}" if record.tools else ""
        said.append(
            f"  record {record.record_id}: {record.messages} messages, "
            f"{record.input_chars:,} characters in, {record.answer_chars:,} out{tools}{score}"
        )
    return said


def _match(life: RunLife) -> list[str]:
    row, likeness = life.row, life.likeness
    if row.matched_run_id is None or row.code == "contaminated":
        return []  # the detail names the item of the other set
    if row.code == "in_earlier_dataset" and row.matched_run_id == row.run_id:
        return []  # the detail says that the earlier build kept this very run
    if row.similarity is None:
        said = [f"  its place is taken by {row.matched_run_id}"]
    else:
        said = [f"  alike to {row.matched_run_id}, inputs {row.similarity:.3f} alike"]
    if likeness is None:
        return said
    if likeness.code is not None:
        said.append(f"  which left itself: {likeness.code}")
    return said + _words(likeness)


def _words(likeness: Likeness) -> list[str]:
    said = []
    for name, similarity, pieces in (
        ("inputs", likeness.input_similarity, likeness.input_words),
        ("answers", likeness.answer_similarity, likeness.answer_words),
    ):
        if similarity is None:
            continue
        said.append(f"  {name}, {similarity:.3f} alike:")
        said.append(f"    {' '.join(map(_marked, pieces))}")
    return said


def _marked(piece: Piece) -> str:
    if sys.stdout.isatty() and piece.kind in ("left", "right"):
        return click.style(piece.text, fg=_COLOURS[piece.kind], strikethrough=piece.kind == "left")
    marked = _MARKS[piece.kind].format(piece.text)
    colour = _COLOURS.get(piece.kind)
    return click.style(marked, fg=colour) if colour and sys.stdout.isatty() else marked


def _component(life: RunLife) -> list[str]:
    if life.component is None:
        return []
    others = [one for one in life.component.first if one != life.row.run_id]
    if not others:
        return []
    more = life.component.count - 1 - len(others)
    rest = f" and {more:,} more" if more > 0 else ""
    said = f"  split together with component {life.component.name}, {life.component.count:,} runs: "
    return [f"{said}{', '.join(others)}{rest}"]
