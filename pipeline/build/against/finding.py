"""`--against`: which live rows leave because an evaluation set or an earlier build has their like.

They leave before the build decides among its own. Nothing here changes what is alike in the build.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pipeline.build.against.contaminated import find_contaminated
from pipeline.build.against.earlier import find_earlier
from pipeline.build.against.evaluation import read_items
from pipeline.build.against.other_sets import OtherSets
from pipeline.build.against.outside import Found, Outside
from pipeline.build.comparing.dedupe import Alikeness
from pipeline.build.progress import Progress
from pipeline.build.spill import Spill
from pipeline.engines import Engine
from pipeline.spec import BuildSpec
from pipeline.stages.against.item import ReadItem
from pipeline.stages.dedupe.deciding import CONTAMINATED, IN_EARLIER

__all__ = ["Against", "find_outside"]


@dataclass(frozen=True, slots=True)
class Against:
    """The other sets, and how the items of their files are read."""

    sets: OtherSets
    read: ReadItem


def find_outside(
    against: Against,
    alike: Alikeness,
    spec: BuildSpec,
    *,
    spill: Spill,
    engine: Engine,
    scratch: Path,
    progress: Progress,
) -> Outside:
    """Hold the live rows against the other sets."""
    sets = against.sets
    if not len(sets):
        return Outside.of(len(alike.rows))
    progress.begin("against", None)
    found: list[Found] = []
    facts = []
    free = np.ones(len(alike.rows), np.bool_)
    if sets.files:
        templates = tuple(dict.fromkeys(alike.templates.values()))
        items = read_items(
            sets.files,
            against.read,
            templates=templates,
            ranks=alike.ranks,
            scratch=scratch,
            engine=engine,
        )
        found.append(
            find_contaminated(
                alike,
                items,
                threshold=spec.against_threshold(),
                contained=spec.against.contained,
                spill=spill,
                engine=engine,
                scratch=scratch,
            )
        )
        free[found[0].rows] = False
        facts += items.facts
    if sets.builds:
        earlier, of_builds = find_earlier(
            alike,
            sets.builds,
            free,
            threshold=spec.against_threshold(),
            spec=spec.dedupe,
            engine=engine,
            scratch=scratch,
        )
        found.append(earlier)
        facts += of_builds
    outside = Outside.of(len(alike.rows), found, facts)
    progress.end("against", _said(outside))
    return outside


def _said(outside: Outside) -> str:
    files = [one for one in outside.facts if one["kind"] == "file"]
    builds = [one for one in outside.facts if one["kind"] == "build"]
    said: list[str] = []
    if files:
        near = np.count_nonzero(outside.code == CONTAMINATED)
        said.append(f"{near:,} near {sum(one['items'] for one in files):,} items")
    if unread := sum(one["unread"] for one in files):
        said.append(f"{unread:,} lines of the sets hold no text to compare")
    if builds:
        known = np.count_nonzero(outside.code == IN_EARLIER)
        said.append(f"{known:,} known to earlier builds")
    return ", ".join(said)
