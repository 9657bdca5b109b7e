"""What changed from one build to another, run by run, each with its reason.

Columns of the two ledgers are joined by run id; no row is ever made into an object but the few
that are named. Documents are compared only where they decide a reason.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Struct
from numpy.typing import NDArray

from pipeline.build.result import BuildResult
from pipeline.build.telling.compare_ledgers import (
    Bool,
    Listed,
    Side,
    aligned,
    different,
    edited,
    read_side,
)
from pipeline.build.telling.spec_changes import WordChange, spec_changes
from pipeline.stages.alike.shingles import I64

__all__ = ["BuildDiff", "Change", "Counted", "Shift", "diff_builds"]

_SHOWN = 5
_CAPS = ("over_cap", "over_budget")
_ALIKE = (
    "same_run_id", "exact_duplicate", "near_duplicate", "conflict", "contained_conversation",
    "superseded",
)  # fmt: skip
_TIED = "moved_to_validation"


class Change(Struct, frozen=True):
    """Runs that changed in one way for one reason."""

    change: str
    """`added`, `removed`, `moved` (to another split) or `changed` (another record)."""
    reason: str
    """`new run`, `edited run`, `run gone`, `cap`, `other run`, `new rule`, `other code`."""
    detail: str
    """The codes or splits before and after."""
    count: int
    run_ids: tuple[str, ...]
    """The first by id."""


class Counted(Struct, frozen=True):
    """A figure before and after."""

    before: int
    after: int


class Shift(Struct, frozen=True):
    """The records of one interaction before and after."""

    interaction: str | None
    records: Counted
    share_before: float
    share_after: float
    splits: dict[str, Counted]


class BuildDiff(Struct, frozen=True):
    """Everything that differs between two builds."""

    before: str
    """The id of the first build."""
    after: str
    same: bool
    """Whether no run differs in what became of it."""
    words: tuple[WordChange, ...]
    """Words of the spec, and the version, that differ."""
    changes: tuple[Change, ...]
    records: Counted
    tokens: dict[str, Counted]
    """By split."""
    shifts: tuple[Shift, ...]
    """Interactions whose records are not as they were, the largest change first."""


def diff_builds(before: BuildResult, after: BuildResult) -> BuildDiff:
    """Compare two finished builds."""
    words = spec_changes(before.manifest, after.manifest)
    one, other = read_side(before), read_side(after)
    pairs = aligned(one, other)
    changes = tuple(_changes(pairs, ruled=bool(words)))
    manifests = before.manifest, after.manifest
    return BuildDiff(
        before=before.build_id,
        after=after.build_id,
        same=not changes,
        words=words,
        changes=changes,
        records=Counted(manifests[0].tally.kept, manifests[1].tally.kept),
        tokens=_counted(manifests[0].tokens, manifests[1].tokens),
        shifts=_shifts(one, other),
    )


def _counted(before: dict[str, int], after: dict[str, int]) -> dict[str, Counted]:
    names = dict.fromkeys([*before, *after])
    return {name: Counted(before.get(name, 0), after.get(name, 0)) for name in names}


@dataclass(frozen=True, slots=True)
class _Reasons:
    """The reason of every pair, the first that fits."""

    pairs: Listed
    reason: NDArray[np.object_]

    @classmethod
    def of(cls, pairs: Listed) -> "_Reasons":
        return cls(pairs, np.full(len(pairs), "", object))

    def say(self, reason: str, where: Bool) -> None:
        """Where no reason is given yet and this one fits."""
        self.reason[where & (self.reason == "")] = reason


def _changes(pairs: Listed, *, ruled: bool) -> Iterator[Change]:
    kept_before, kept_after = pairs.before_is("outcome", "kept"), pairs.after_is("outcome", "kept")
    both = kept_before & kept_after
    asked = {
        "added": ~kept_before & kept_after,
        "removed": kept_before & ~kept_after,
        "moved": both & different(pairs, "split"),
        "changed": both & different(pairs, "record_id"),
    }
    last = "new rule" if ruled else "other code"
    was_edited = edited(pairs, asked["added"] | asked["removed"] | asked["changed"])
    for change, where in asked.items():
        reasons = _Reasons.of(pairs)
        _say_reasons(reasons, change, was_edited)
        if change == "moved":
            reasons.say("other run", pairs.after_flag(_TIED))
            reasons.say("new rule", where & np.full(len(pairs), ruled))
            reasons.say("other run", different(pairs, "component"))
        reasons.say(last, where)
        yield from _grouped(change, where, reasons)


def _say_reasons(reasons: _Reasons, change: str, was_edited: Bool) -> None:
    pairs = reasons.pairs
    reasons.say("new run", ~pairs.was_there())
    reasons.say("run gone", ~pairs.is_there())
    reasons.say("edited run", was_edited)
    match change:
        case "added":
            reasons.say("cap", pairs.before_is("code", *_CAPS))
            named = pairs.before_is("code", *_ALIKE)
            reasons.say("other run", named & _unlike_there(pairs, pairs.before, pairs.after))
        case "removed":
            reasons.say("cap", pairs.after_is("code", *_CAPS))
            named = pairs.after_is("code", *_ALIKE)
            reasons.say("other run", named & _unlike_there(pairs, pairs.after, pairs.before))


def _unlike_there(pairs: Listed, here: Side, there: Side) -> Bool:
    """Whether the run that a row names here is not pulled there, or is another record."""
    named = pairs.column(here, "matched_run_id")
    at_here = pc.index_in(named, value_set=here.column("run_id"))
    at_there = pc.index_in(named, value_set=there.column("run_id"))
    record = here.column("record_id").take(at_here)
    other = there.column("record_id").take(at_there)
    same = pc.coalesce(pc.equal(record, other), pa.scalar(value=False))
    return ~np.asarray(same.to_numpy(zero_copy_only=False), np.bool_)


def _grouped(change: str, where: Bool, reasons: _Reasons) -> Iterator[Change]:
    rows = np.flatnonzero(where)
    pairs = reasons.pairs
    table = pa.table(
        {
            "run_id": pairs.run_ids().take(pa.array(rows)),
            "reason": pa.array(reasons.reason[rows].tolist(), pa.string()),
            "detail": _details(pairs, rows, change),
        }
    ).sort_by("run_id")
    grouped = table.group_by(["reason", "detail"], use_threads=False)
    counts = grouped.aggregate([("run_id", "count")])
    order = [("run_id_count", "descending"), ("reason", "ascending"), ("detail", "ascending")]
    for row in counts.sort_by(order).to_pylist():
        reason, detail = row["reason"], row["detail"]
        same = pc.and_(pc.equal(table["reason"], reason), pc.equal(table["detail"], detail))
        first = table["run_id"].filter(same).slice(0, _SHOWN).to_pylist()
        yield Change(change, reason, detail, row["run_id_count"], tuple(first))


def _details(pairs: Listed, rows: I64, change: str) -> pa.Array:
    """What was and what is: the splits of a run that moved, else the codes."""
    at = pa.array(rows)
    if change == "changed":
        return pa.array(["another record"] * len(rows), pa.string())
    name = "split" if change == "moved" else "fate"
    was, is_now = (
        pairs.column(pairs.before, name).take(at),
        pairs.column(pairs.after, name).take(at),
    )
    told = [pc.coalesce(one, pa.scalar("not pulled")) for one in (was, is_now)]
    return pc.binary_join_element_wise(*told, " -> ")


def _shifts(before: Side, after: Side) -> tuple[Shift, ...]:
    one, other = _by_interaction(before), _by_interaction(after)
    totals = sum(map(_sum, one.values())), sum(map(_sum, other.values()))
    shifts = [
        Shift(
            interaction=name,
            records=Counted(_sum(one.get(name, {})), _sum(other.get(name, {}))),
            share_before=_sum(one.get(name, {})) / max(1, totals[0]),
            share_after=_sum(other.get(name, {})) / max(1, totals[1]),
            splits=_counted(one.get(name, {}), other.get(name, {})),
        )
        for name in dict.fromkeys([*one, *other])
        if one.get(name) != other.get(name)
    ]
    return tuple(
        sorted(
            shifts,
            key=lambda one: (-abs(one.records.after - one.records.before), one.interaction or ""),
        )
    )


def _sum(splits: dict[str, int]) -> int:
    return sum(splits.values())


def _by_interaction(side: Side) -> dict[str | None, dict[str, int]]:
    kept = side.table.filter(pc.equal(side.table["outcome"], "kept"))
    grouped = kept.group_by(["interaction", "split"], use_threads=False).aggregate(
        [("run_id", "count")]
    )
    found: dict[str | None, dict[str, int]] = {}
    for row in grouped.sort_by("split").to_pylist():
        found.setdefault(row["interaction"], {})[row["split"]] = row["run_id_count"]
    return found
