"""What is learned from a sample of the runs before all are compared: templates and rarity."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pipeline.build.comparing.rows import LiveRows
from pipeline.build.comparing.samples import (
    Batch,
    SamplePart,
    draw,
    group_keys,
    read_batch,
    tasks_of,
)
from pipeline.build.spill import Spill
from pipeline.engines import Engine
from pipeline.stages.alike.shingles import U8, ShingleSets, shingle_sets, token_ranks
from pipeline.stages.varying.templates import SAMPLE_SIZE, Sample, Template, learn_template

__all__ = ["LearnBatch", "learn"]


@dataclass(frozen=True, slots=True)
class LearnBatch:
    """Learns the templates of one batch of interactions."""

    scratch: Path
    parts: tuple[int, ...]
    """The parts that drawn runs came from."""

    def __call__(self, batch: Batch) -> tuple[dict[int, Template], ShingleSets]:
        """The template of every group, and the 5-grams of the runs that tell their rarity."""
        samples = read_batch(self.scratch, batch.number, self.parts)
        versions: dict[int, dict[int, list[Sample]]] = {}
        for group, interaction, sample in zip(
            batch.groups, batch.interactions, samples, strict=True
        ):
            versions.setdefault(interaction, {}).setdefault(group, []).append(sample)
        templates = {
            group: learn_template(own[:SAMPLE_SIZE], _siblings(members, group))
            for members in versions.values()
            for group, own in members.items()
        }
        texts = [
            templates[group].variable(sample.text)
            for group, sample, ranked in zip(batch.groups, samples, batch.ranked, strict=True)
            if ranked
        ]
        return templates, shingle_sets(texts)


def learn(
    rows: LiveRows, spill: Spill, scratch: Path, engine: Engine
) -> tuple[dict[str | None, Template], U8]:
    """The template of every interaction and version, and the ranks of all 5-grams."""
    drawn = draw(rows)
    tasks = tasks_of(drawn, rows.rows_of_part)
    parts = tuple(engine.map(SamplePart(spill, scratch), tasks))
    templates: dict[int, Template] = {}
    sets: list[ShingleSets] = []
    for found, grams in engine.map(LearnBatch(scratch, parts), drawn.batches):
        templates.update(found)
        sets.append(grams)
    texts = sum(map(len, sets))
    ranks = token_ranks([(grams, len(rows) / texts) for grams in sets])
    keys = group_keys(rows)
    return {keys[group]: template for group, template in templates.items()}, ranks


def _siblings(versions: dict[int, list[Sample]], group: int) -> Iterator[Sample]:
    """Runs of the interaction's other versions, about as many of each."""
    others = [samples for other, samples in versions.items() if other != group]
    share = max(1, SAMPLE_SIZE // max(1, len(others)))
    return (sample for samples in others for sample in samples[:share])
