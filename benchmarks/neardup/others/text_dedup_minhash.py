"""text-dedup: its MinHash script with its defaults, over a local JSON file.

python benchmarks/neardup/others/text_dedup_minhash.py TEXTS OUT_FOLDER

The README's command line, `python -m text_dedup.minhash`, with the column to compare: word 5-grams,
250 permutations, threshold 0.7, texts of fewer than five words left out. The kept ids are
written out of the saved dataset afterwards.
"""

import sys
from pathlib import Path

from datasets import load_from_disk
from text_dedup.minhash import main as minhash


def main() -> None:
    """Run it, then write the ids."""
    _, texts, out = sys.argv
    base = Path(out)
    arguments = {
        "--path": "json",
        "--data_files": texts,
        "--split": "train",
        "--cache_dir": str(base / "cache"),
        "--output": str(base / "dataset"),
        "--column": "text",
        "--batch_size": "10000",
    }
    minhash([word for pair in arguments.items() for word in pair], standalone_mode=False)
    (base / "kept").mkdir()
    kept = load_from_disk(str(base / "dataset"))
    kept.select_columns(["id"]).to_json(str(base / "kept" / "kept.jsonl"))


if __name__ == "__main__":
    main()
