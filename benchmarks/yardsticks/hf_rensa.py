"""The whole build with Hugging Face datasets and rensa: read, drop the unusable, MinHash, write.

    .bench/venv/bin/python benchmarks/yardsticks/hf_rensa.py RUNS OUT_FOLDER [--five]

The export is loaded as lines of text, because its fields have other types from run to run, which
the JSON loader refuses. Reading, checking and flattening are one batched `map` with two processes;
rensa's deduplicator takes the words of the texts as in its README, or with `--five` the word
5-grams that the plain script and datatrove compare; `select`, `train_test_split` and `to_json` do
the rest.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from datasets import disable_progress_bars, load_dataset
from plain_reading import record_of, usable
from rensa import RMinHashDeduplicator

PROCESSES = 2


def records(batch: dict[str, list[str]]) -> dict[str, list[Any]]:
    """The usable runs of a batch of lines, and their texts."""
    runs = (json.loads(line) for line in batch["text"])
    made = [record_of(run) for run in runs if usable(run)]
    texts = ["\n".join(message["content"] for message in messages) for messages in made]
    return {"messages": made, "whole": texts}


def five(text: str) -> set[str]:
    """Word 5-grams, as `plain.py` makes them."""
    words = text.lower().split()
    return {" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))}


def main() -> None:
    """All of it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("runs")
    parser.add_argument("out", type=Path)
    parser.add_argument("--five", action="store_true")
    flags = parser.parse_args()
    runs, base, tokens = flags.runs, flags.out, five if flags.five else str.split
    disable_progress_bars()
    lines = load_dataset("text", data_files=runs, split="train", cache_dir=str(base / "cache"))
    made = lines.map(records, batched=True, remove_columns=["text"], num_proc=PROCESSES)
    deduplicator = RMinHashDeduplicator(threshold=0.8, num_perm=128, use_lsh=True)
    keep = deduplicator.add_pairs(
        (str(number), tokens(text)) for number, text in enumerate(made["whole"])
    )
    kept = made.select_columns(["messages"]).select(
        [number for number, stays in enumerate(keep) if stays]
    )
    sides = kept.train_test_split(test_size=0.1, seed=0)
    for split, name in (("train", "train"), ("test", "validation")):
        sides[split].to_json(str(base / f"{name}.jsonl"), num_proc=PROCESSES)
    print(json.dumps({"kept": len(kept)}))


if __name__ == "__main__":
    main()
