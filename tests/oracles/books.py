"""`disagreements.json`: what the suite found, as it is checked in and shown in the docs."""

import json
from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from pipeline.formats import Format
from tests.oracles.register import FILE_JUDGES, JUDGES, UNJUDGED
from tests.oracles.verdicts import Tally, excuses

__all__ = ["BOOK", "complaints", "read_book", "section", "unneeded", "write_section"]

BOOK = Path(__file__).with_name("disagreements.json")
LONGEST_EXAMPLE = 400
COMMON = 10
"""Lines by which a disagreement is not there by chance."""


def complaints(
    form: Format[Any], tally: Tally, recorded: Mapping[str, Any] | None
) -> Iterator[str]:
    """What does not hold of a format, in sentences.

    `recorded` is its section of the file; None where other lines were drawn than for that.
    """
    for reason, line in tally.loose.items():
        yield f"{form.name} accepts what an oracle refuses: {reason}\n    {line}"
    for name in {_rule(kind) for kind in tally.alone}:
        rule = form.rule(name)
        if rule.source is None and not rule.why:
            yield f"{form.name} refuses what all accept by a rule without a source: {name}"
    if recorded is not None:
        yield from _changes(form, tally, recorded.get("alone", {}))


def _changes(form: Format[Any], tally: Tally, rows: Mapping[str, Any]) -> Iterator[str]:
    """Disagreements that are not recorded, and recorded ones that are no more.

    Of a rule it is enough that it is recorded, wherever; of a schema what it says has to be.
    """
    known = {_said(rule, place) for rule, row in rows.items() for place in row["places"]}
    for kind, count in tally.alone.items():
        if _said(_rule(kind), _place(kind)) not in known:
            example = tally.examples[kind]
            said = f"a disagreement that is not recorded ({count} lines): {kind}"
            yield f"{form.name}: {said}\n    {example}"
    seen = {_rule(kind) for kind in tally.alone}
    for rule_name, row in rows.items():
        if row["lines"] >= COMMON and rule_name not in seen:
            yield f"{form.name}: a recorded disagreement that is no more: {rule_name}"


def unneeded(tallies: Mapping[str, Tally]) -> list[str]:
    """Rows of `excused.toml` that no line of their formats needs."""
    return [
        f"a row that no line needs: {', '.join(row.formats)}, {row.oracle}: {row.refuses}"
        for row in excuses()
        if set(row.formats) <= tallies.keys()
        and not any(tallies[name].excused[row] for name in row.formats)
    ]


def section(form: Format[Any], tally: Tally) -> dict[str, Any]:
    """A format's part of the file."""
    oracles = [*JUDGES[form.name], *FILE_JUDGES.get(form.name, ())]
    return {
        "judged_by": [
            {
                "name": one.name,
                "package": _pinned(one.package),
                "covers": one.covers,
                "misses": one.misses,
            }
            for one in oracles
        ],
        "lines": tally.lines,
        "accepted": tally.accepted,
        "refused": tally.refused,
        "refused_alone": tally.refused_alone,
        "files": tally.files,
        "alone": dict(sorted(_by_rule(tally).items())),
        "by_oracle": {
            name: dict(sorted(counts.items())) for name, counts in sorted(tally.by_oracle.items())
        },
        "excused": [
            {
                "oracle": row.oracle,
                "because": row.because,
                "source": row.source,
                "read": row.read,
                "lines": count,
            }
            for row, count in sorted(tally.excused.items(), key=lambda one: one[0].oracle)
        ],
    }


def read_book() -> dict[str, Any]:
    """The file, or what it is before it is there."""
    if not BOOK.exists():
        return {"formats": {}}
    return dict(json.loads(BOOK.read_text(encoding="utf-8")))


def write_section(name: str, part: Mapping[str, Any]) -> None:
    """Put a format's part into the file, which keeps the order of the register."""
    parts = {**read_book()["formats"], name: part}
    ordered = {one: parts[one] for one in JUDGES if one in parts}
    book = {"formats": ordered, "unjudged": dict(UNJUDGED)}
    BOOK.write_text(json.dumps(book, indent=1, ensure_ascii=True) + "\n", encoding="utf-8")


def _by_rule(tally: Tally) -> dict[str, Any]:
    rows: dict[str, Any] = {}
    for kind, count in sorted(tally.alone.items()):
        row = rows.setdefault(_rule(kind), {"lines": 0, "places": {}, "example": ""})
        row["lines"] += count
        row["places"][_place(kind)] = count
        example = tally.examples[kind]
        if not row["example"] or len(example) < len(row["example"]):
            row["example"] = example[:LONGEST_EXAMPLE]
    return rows


def _said(rule: str, place: str) -> str:
    return f"{rule}: {place.partition(': ')[2]}" if rule == "schema" else rule


def _rule(kind: str) -> str:
    return kind.removeprefix("file: ").partition(" ")[0]


def _place(kind: str) -> str:
    place = kind.removeprefix("file: ").partition(" ")[2]
    return f"file: {place}" if kind.startswith("file: ") else place


def _pinned(package: str) -> str:
    if "==" in package or " " in package:
        return package
    try:
        return f"{package}=={version(package)}"
    except PackageNotFoundError:
        return package
