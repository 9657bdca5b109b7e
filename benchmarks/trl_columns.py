"""What Hugging Face `datasets` and TRL's chat templates make of the lines that are written for TRL.

Needs `datasets` and, for the templates, `trl` and `transformers` (without torch); run in an
environment of its own for each version: `pip install datasets==4.7.0 && python
benchmarks/trl_columns.py`. docs/trl.md shows what came out. Imports nothing of the package.
"""

import json
import random
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import datasets

FILL = 10 << 20
"""Bytes of a file from which the columns are taken."""


def said(role: str, content: str) -> dict[str, Any]:
    """A message."""
    return {"role": role, "content": content}


def called(arguments: Any) -> list[dict[str, Any]]:
    """A conversation with one call."""
    call = {"type": "function", "function": {"name": "bus_times", "arguments": arguments}}
    return [
        said("user", "Next bus?"),
        {"role": "assistant", "tool_calls": [call]},
        {**said("tool", "14:05"), "name": "bus_times"},
        said("assistant", "At five past two."),
    ]


def tools(*names: str) -> list[dict[str, Any]]:
    """Tools on offer."""
    parameters = {"type": "object", "properties": {name: {"type": "string"} for name in names}}
    function = {"name": "bus_times", "description": "Departures", "parameters": parameters}
    return [{"type": "function", "function": function}]


PLAIN = {"messages": [said("user", "Hm?"), said("assistant", "Hm.")]}
LONG = {"messages": [said("user", "x" * FILL), said("assistant", "Hm.")]}
GIVEN: list[Any] = [{"stop": "Harbour"}, {"line": 5, "at": [1, 2]}, {}, {"stop": {"id": 7}}]
FILES: dict[str, list[dict[str, Any]]] = {
    "tools as a string, arguments as objects": [
        PLAIN,
        *({"messages": called(one), "tools": json.dumps(tools(*one))} for one in GIVEN),
    ],
    "tools as lists": [
        PLAIN,
        *({"messages": called(one), "tools": tools(*one)} for one in GIVEN),
    ],
    "one line with calls first, 10 MiB, more calls": [
        {"messages": called(GIVEN[0]), "tools": json.dumps(tools("stop"))},
        LONG,
        {"messages": called(GIVEN[1]), "tools": json.dumps(tools("line"))},
    ],
    "10 MiB without a call, then one": [
        LONG,
        {"messages": called(GIVEN[0]), "tools": json.dumps(tools("stop"))},
    ],
    "an integer of 71 bits": [
        {"messages": called({"n": 2**70})},
        {"messages": called({"stop": "Harbour"})},
    ],
    "0.7 as an argument": [{"messages": called({"n": 0.7})}],
    "1.5e-10 as an argument": [{"messages": called({"n": 1.5e-10})}],
}


def what_comes_back(lines: list[dict[str, Any]], **options: Any) -> str:
    """How the loaded rows differ from the lines; columns that are null aside."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.jsonl"
        path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        try:
            rows = datasets.load_dataset(
                "json", data_files=str(path), split="train", cache_dir=folder, **options
            )
        except Exception as error:  # noqa: BLE001 (whatever it is, it is the answer)
            return f"not loaded: {type(error).__name__}"
        got = [{key: one for key, one in row.items() if one is not None} for row in rows]
    if got == lines:
        return "as written"
    one, other = next(pair for pair in zip(got, lines, strict=True) if pair[0] != pair[1])
    return f"changed: {json.dumps(one)[:400]} (was {json.dumps(other)[:200]})"


def changed_numbers(below: int) -> str:
    """The share of numbers of up to nine decimals that are another float after the load."""
    draw = random.Random(1)
    numbers = [round(draw.uniform(0, below), draw.randint(1, 9)) for _ in range(20_000)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.jsonl"
        path.write_text(json.dumps({"messages": called({"n": numbers})}), encoding="utf-8")
        (row,) = datasets.load_dataset(
            "json", data_files=str(path), split="train", cache_dir=folder
        )
    got = row["messages"][1]["tool_calls"][0]["function"]["arguments"]["n"]
    return f"{sum(a != b for a, b in zip(got, numbers, strict=True)) / len(numbers):.1%}"


def templates() -> None:
    """Which of TRL's templates write the arguments of a call, as an object and as a string."""
    from transformers.utils.chat_template_utils import render_jinja_template  # noqa: PLC0415

    spec = find_spec("trl")
    assert spec is not None
    assert spec.origin is not None
    offered = tools("stop")
    for path in sorted((Path(spec.origin).parent / "chat_templates").glob("*.jinja")):
        told = []
        for arguments in ({"stop": "Harbour"}, '{"stop": "Harbour"}'):
            try:
                ((text, *_), _) = render_jinja_template(
                    [called(arguments)], tools=offered, chat_template=path.read_text("utf-8")
                )
            except Exception as error:  # noqa: BLE001 (whatever it is, it is the answer)
                told.append(type(error).__name__)
            else:
                told.append("twice" if '\\"stop' in text else str("Harbour" in text))
        if not path.stem.endswith("_training"):
            print(f"{path.stem:24} object: {told[0]:16} string: {told[1]}")


def main() -> None:
    """Print what comes back of every file, then the templates where `trl` is installed."""
    datasets.disable_progress_bars()
    print(f"datasets {datasets.__version__}")
    for name, lines in FILES.items():
        print(f"{name}: {what_comes_back(lines)}")
    print(f"numbers from 0 to 1 that change: {changed_numbers(1)}")
    print(f"numbers from 0 to 10 that change: {changed_numbers(10)}")
    if hasattr(datasets, "Json"):
        kinds = {"messages": datasets.List(datasets.Json()), "tools": datasets.Value("string")}
        late = FILES["10 MiB without a call, then one"]
        print(f"the same with features: {what_comes_back(late, features=datasets.Features(kinds))}")
    if find_spec("trl") and find_spec("transformers"):
        templates()


if __name__ == "__main__":
    main()
