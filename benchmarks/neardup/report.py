"""Writes `docs/benchmark.md` from the results: tables, method, parameters, versions, how to repeat.

python benchmarks/neardup/report.py RESULTS.json OUT.md
"""

import json
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from contestants import CONTESTANTS, TRAINSET

__all__ = ["machine", "write"]

Row = dict[str, Any]
PAGE = Path(__file__).with_name("page.md")
TITLES = {
    "generator": "Made-up runs with a planted truth",
    "inputs alone": "The same runs with the templates cut out by hand",
    "open data": "Open data",
}
KINDS = {
    "exact_duplicate": "exact copies",
    "one_word_edit": "edits of one word",
    "look_alike": "look-alikes",
    "paraphrase": "paraphrases",
    "other_answer": "inputs with another answer",
}
HEAD = (
    ("tool", "---"),
    ("kept", "---:"),
    ("distinct kept", "---:"),
    ("copies found", "---:"),
    ("edits found", "---:"),
    ("false merges", "---:"),
    ("of them < 0.7", "---:"),
    ("pairs over the split", "---:"),
    ("seconds", "---:"),
    ("peak MB", "---:"),
)


def machine() -> dict[str, Any]:
    """What it ran on, in the words of the document."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "cores": os.cpu_count(),
        "memory_gb": round(memory),
        "processor": _processor(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _processor() -> str:
    place = Path("/proc/cpuinfo")
    lines = place.read_text().splitlines() if place.exists() else []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())


def write(results: Path, page: Path) -> None:
    """The whole document."""
    found = json.loads(results.read_bytes())
    materials = {one["name"]: one for one in found["materials"]}
    text = PAGE.read_text(encoding="utf-8").format(
        machine="{cores} cores ({processor}), {memory_gb} GB, {system}, Python {python}".format(
            **found["machine"]
        ),
        runs=found["runs"],
        seed=found["seed"],
        planted=_planted(materials["generator"]),
        rare=materials["generator"]["rare"],
        generator="\n".join(_section(materials["generator"])),
        must_stay="\n".join(_must_stay(materials["generator"])),
        by_words="\n".join(_by_words(materials["generator"])),
        inputs_alone="\n".join(_section(_with_ours(materials))),
        open_data="\n".join(_open_data(materials.get("open data"))),
        parameters="\n".join(_parameters(found["versions"])),
        failed="\n".join(_failed(found["materials"])),
    )
    page.write_text(text, encoding="utf-8")


def _planted(material: Row) -> str:
    return ", ".join(f"{count:,} {KINDS[what]}" for what, count in material["planted"].items())


def _section(material: Row) -> Iterator[str]:
    yield (
        f"{material['runs']:,} runs, {material['megabytes']:,.0f} MB of text, "
        f"{material['families']:,} distinct inputs."
    )
    yield ""
    yield from _table(HEAD, (_cells(row) for row in _finished(material)))


def _with_ours(materials: dict[str, Row]) -> Row:
    """The row of trainset on whole records stands first: it was not given the inputs."""
    ours = [row for row in materials["generator"]["rows"] if row["name"] == TRAINSET]
    return materials["inputs alone"] | {"rows": ours + materials["inputs alone"]["rows"]}


def _finished(material: Row) -> list[Row]:
    return [row for row in material["rows"] if "failed" not in row]


def _table(head: Iterable[tuple[str, str]], rows: Iterable[list[str]]) -> Iterator[str]:
    head = list(head)
    yield _line(name for name, _ in head)
    yield "|" + "|".join(rule for _, rule in head) + "|"
    yield from (_line(row) for row in rows)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cells(row: Row) -> list[str]:
    found = row["found"]
    return [
        _name(row),
        f"{row['kept']:,}",
        f"{row['distinct']:.1%}",
        _percent(found.get("exact_duplicate")),
        _percent(found.get("one_word_edit")),
        f"{row['false_merges']:,}",
        f"{row['clear_false_merges']:,}",
        f"{row['crossing']:,}",
        f"{row['seconds']:.1f}",
        f"{row['peak_mb']:,.0f}",
    ]


def _name(row: Row) -> str:
    name = str(row["name"])
    return f"**{name}**" if name == TRAINSET else name + ("*" if name == "semhash" else "")


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.1%}"


def _must_stay(material: Row) -> Iterator[str]:
    head = (
        ("tool", "---"),
        ("look-alikes lost", "---:"),
        ("paraphrases lost", "---:"),
        ("rare interactions: lost", "---:"),
    )
    yield from _table(head, (_stay_cells(row) for row in _finished(material)))


def _stay_cells(row: Row) -> list[str]:
    lost = row["lost"]
    return [
        _name(row),
        _percent(lost.get("look_alike")),
        _percent(lost.get("paraphrase")),
        f"{row['false_in_rare']:,}",
    ]


def _by_words(material: Row) -> Iterator[str]:
    rows = _finished(material)
    lengths = list(rows[0]["false_by_words"])
    head = [("tool", "---"), *((f"{length} words", "---:") for length in lengths)]
    yield from _table(
        head,
        (
            [_name(row), *(f"{share:.1%}" for share in row["false_by_words"].values())]
            for row in rows
        ),
    )


def _open_data(material: Row | None) -> Iterator[str]:
    if material is None:
        yield "Left out: `TRAINSET_REAL_RUNS` named no file when this page was made."
        return
    yield f"Planted, and alike by the rule: {_planted(material)}."
    yield ""
    yield from _section(material)


def _parameters(versions: dict[str, str]) -> Iterator[str]:
    for one in CONTESTANTS:
        named = ", ".join(
            f"{package} {versions[package]}" for package in one.packages if package in versions
        )
        head = f"{one.name}** ({named})" if named else f"{one.name}**"
        yield f"- **{head}: {one.parameters}. [Docs]({one.docs})"


def _failed(materials: list[Row]) -> Iterator[str]:
    for material in materials:
        for row in material["rows"]:
            if "failed" in row:
                yield (
                    f"\n{row['name']} could not be run on '{TITLES[material['name']].lower()}': "
                    f"`{row['failed']}`."
                )


def main() -> None:
    """From a file of results."""
    _, results, page = sys.argv
    write(Path(results), Path(page))


if __name__ == "__main__":
    main()
