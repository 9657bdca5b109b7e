"""The plot beside the benchmark's table: what a long template does to each tool.

python benchmarks/neardup/plot.py RESULTS.json OUT.svg
"""

import json
import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

COLOURS = {
    "trainset": "#0b6e4f",
    "exact hash": "#7f7f7f",
    "datasketch": "#1f77b4",
    "rensa": "#d62728",
    "datatrove": "#ff7f0e",
    "text-dedup": "#9467bd",
    "semhash": "#8c564b",
}
MARKS = dict(zip(COLOURS, "os^DvPX", strict=True))
PANELS = (
    ("edits_by_words", "Edits of one word that were found"),
    ("false_by_words", "Runs removed though nothing alike stayed"),
)


def panel(axes: Axes, rows: list[dict[str, Any]], key: str, title: str) -> None:
    """One line a tool over the lengths of the template."""
    for row in rows:
        points = row[key]
        axes.plot(
            range(len(points)),
            [100 * share for share in points.values()],
            color=COLOURS[row["name"]],
            marker=MARKS[row["name"]],
            linewidth=3 if row["name"] == "trainset" else 1.6,
            zorder=3 if row["name"] == "trainset" else 2,
            label=row["name"] + ("*" if row["name"] == "semhash" else ""),
        )
    axes.set_xticks(range(len(points)), list(points))
    axes.set_xlabel("words of template before what varies")
    axes.set_ylabel("%")
    axes.set_ylim(-3, 103)
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(b=False)


def main() -> None:
    """Draw both panels."""
    _, results, out = sys.argv
    mpl.rcParams["svg.hashsalt"] = "trainset"
    material = json.loads(Path(results).read_bytes())["materials"][0]
    rows = [row for row in material["rows"] if "failed" not in row]
    figure, both = plt.subplots(1, 2, figsize=(11, 4.6), facecolor="white")
    for axes, (key, title) in zip(both, PANELS, strict=True):
        panel(axes, rows, key, title)
    handles, names = both[0].get_legend_handles_labels()
    figure.legend(handles, names, loc="lower center", ncols=len(names), frameon=False)
    figure.tight_layout(rect=(0, 0.07, 1, 1))
    figure.savefig(out, metadata={"Date": None} if out.endswith(".svg") else None, dpi=110)


if __name__ == "__main__":
    main()
