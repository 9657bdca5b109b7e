"""The words in which results are told."""

import json
from collections.abc import Sequence
from typing import Any

import click

from pipeline.api.jobs import TrainingJob, read_status
from pipeline.api.sessions import TrainingSession
from pipeline.build import BuildResult
from pipeline.build.acceptance import refused_files
from pipeline.build.publishing.publish import Published, Started
from pipeline.cli.console import say
from pipeline.manifest import (
    AnswerAgreement,
    DatasetManifest,
    Span,
    TokenCounting,
    TrainingCost,
)

_MOST_DISPUTED = 5

__all__ = [
    "print_json",
    "say_build",
    "say_job",
    "say_published",
    "say_started",
    "told_cost",
    "told_spread",
]


def print_json(summary: dict[str, Any]) -> None:
    """One object, one line, on stdout."""
    click.echo(json.dumps(summary, ensure_ascii=False))


def say_build(result: BuildResult) -> None:
    """What came in, what was kept, what was dropped and why, tokens and files."""
    manifest = result.manifest
    tally = manifest.tally
    rejected, duplicates = sum(tally.rejected.values()), sum(tally.duplicates.values())
    say("")
    note = "  (was there already, nothing was done)" if result.unchanged else ""
    say(f"Build {result.build_id}{note}")
    say(f"  pulled      {tally.pulled:>9,} runs")
    tokens = f"{sum(manifest.tokens.values()):,} tokens{_estimated(manifest.counting)}"
    say(f"  kept        {tally.kept:>9,} records, {tokens}")
    say(f"  rejected    {rejected:>9,}{_reasons(tally.rejected)}")
    say(f"  duplicates  {duplicates:>9,}{_reasons(tally.duplicates)}")
    for split, count in manifest.splits.items():
        say(f"  {split:<11} {count:>9,} records, {manifest.tokens.get(split, 0):,} tokens")
    _say_proofs(manifest)
    if manifest.training is not None:
        for line in told_cost(manifest.training):
            say(line)
    for file in manifest.files:
        if file.split is not None:
            say(f"  {result.dataset / file.path}  {file.bytes / 1e6:,.1f} MB")
    for refused in refused_files(result.dataset, manifest):
        say(f"  warning: the provider would refuse {refused}")


def _say_proofs(manifest: DatasetManifest) -> None:
    """What moved, what was redacted, how answers agree, that nothing leaks."""
    previous = manifest.source.get("previous")
    if previous:
        said = f"records changed the side they had in build {previous['build_id']}, by a tie"
        say(f"  moved       {manifest.moved:>9,} {said}")
    if manifest.privacy is not None:
        replaced, records = sum(manifest.privacy.replaced.values()), manifest.privacy.records
        said = f"values replaced in {records:,} records"
        say(f"  private     {replaced:>9,} {said}{_reasons(manifest.privacy.replaced)}")
    if any(one.disputed for one in manifest.agreement):
        say(_agreement(manifest.agreement))
    proof = manifest.proof
    highest = "none" if proof.highest_similarity is None else f"{proof.highest_similarity:.3f}"
    say(
        f"  leak proof  {proof.pairs_at_or_above:>9,} pairs across the split at or above "
        f"{proof.threshold:g} ({proof.pairs_examined:,} examined, highest {highest})"
    )


def told_cost(cost: TrainingCost) -> list[str]:
    """What a training would cost, what it rests on, and what is not sure."""
    name = f"{cost.model or 'any model'} at {cost.provider or 'an unknown provider'}"
    passes = f"{told_spread(cost.tokens)} tokens x {told_spread(cost.epochs)} epochs"
    if cost.cost is None:
        lines = [f"  training      not known: {passes}, {name}"]
    else:
        least = f", at least {_money(cost.minimum, cost.currency)} a job" if cost.minimum else ""
        price = _money(cost.price_per_million, cost.currency)
        money = _money(cost.cost.likely, cost.currency)
        lines = [f"  training    {money:>9} {name}: {passes} at {price} a million{least}"]
        if cost.cost.low != cost.cost.high:
            low, high = (_money(one, cost.currency) for one in (cost.cost.low, cost.cost.high))
            lines.append(f"    between {low} and {high}")
    lines += [f"    {note}" for note in cost.notes]
    pages = dict.fromkeys(
        f"{one.page}{f', read {one.read}' if one.read else ''}" for one in cost.sources
    )
    return lines + [f"    {page}" for page in pages]


def _money(amount: float | None, currency: str | None) -> str:
    return f"{'$' if currency == 'USD' else f'{currency} '}{amount or 0:,.2f}"


def told_spread(span: Span) -> str:
    """A figure, and its range where there is one."""
    likely = f"{span.likely:,.0f}"
    return likely if span.low == span.high else f"{likely} ({span.low:,.0f} to {span.high:,.0f})"


def say_published(published: Published, session: TrainingSession) -> None:
    """Where the dataset went."""
    if published.done:
        say(f"Published {published.file} to session {session.name} ({published.session})")
    else:
        say(f"Published already: session {session.name} has {published.file}, nothing was done")


def say_started(started: Started) -> None:
    """Which job it is."""
    if started.started:
        say(f"Started job {started.job.id}")
    else:
        say(f"Started already: job {started.job.id} is {started.job.status}, nothing was done")
        if read_status(started.job.status) in ("failed", "cancelled"):
            say("  `trainset start --again` starts a new job for the same dataset")


def say_job(job: TrainingJob) -> None:
    """A change of a job's status."""
    model = f", model {job.model}" if job.model else ""
    details = f": {job.details}" if isinstance(job.details, str) else ""
    say(f"Job {job.id} is {job.status}{model}{details}")


def _agreement(told: Sequence[AnswerAgreement]) -> str:
    """How the answers to what was asked more than once agree; the most disputed first."""
    runs, agreeing = sum(one.runs for one in told), sum(one.agreeing for one in told)
    asked = sum(one.asked_again for one in told)
    ranked = sorted(told, key=lambda one: (one.agreeing - one.runs, one.interaction or ""))
    lines = [
        f"\n    {one.interaction or 'no interaction':<28} {one.agreeing / one.runs:>3.0%} of "
        f"{one.runs:,} runs, {one.disputed:,} of {one.asked_again:,} inputs disputed"
        for one in ranked[:_MOST_DISPUTED]
        if one.disputed
    ]
    share = f"{agreeing / runs:.1%}"
    return (
        f"  agreement   {share:>9} of {runs:,} runs of {asked:,} inputs asked again{''.join(lines)}"
    )


def _estimated(counting: TokenCounting | None) -> str:
    """That the tokens are no exact count, how far off they may be, and why; else nothing."""
    if counting is None or counting.exact:
        return ""
    error = "" if counting.error is None else f", {counting.error:.0%} off on average"
    return f"\n    estimated{error}: {counting.note}"


def _reasons(counts: dict[str, int]) -> str:
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    return "".join(f"\n    {code:<28} {count:>3,}" for code, count in ranked)
