"""The script that one would write without the package: the yardstick, plain and honest.

    python benchmarks/plain.py RUNS OUT_FOLDER [--batch]

Reads exported runs, drops what is not completed, empty or cut off, checks answers against their
schema, flattens prompts to messages, drops near-duplicates with datasketch's MinHash LSH as its
documentation shows it, splits at random, writes JSON lines for OpenAI.
"""

import argparse
import json
import random
from pathlib import Path

from datasketch import MinHash, MinHashLSH
from plain_reading import read_runs, record_of, usable


def minhash_of(messages: list[dict[str, str]], *, batch: bool) -> MinHash:
    """Over word 5-grams of the whole record."""
    words = " ".join(message["content"] for message in messages).lower().split()
    shingles = {" ".join(words[i : i + 5]) for i in range(max(1, len(words) - 4))}
    minhash = MinHash(num_perm=128)
    if batch:
        minhash.update_batch([shingle.encode("utf-8") for shingle in shingles])
        return minhash
    for shingle in shingles:
        minhash.update(shingle.encode("utf-8"))
    return minhash


def main() -> None:
    """All of it, in one loop."""
    parser = argparse.ArgumentParser()
    parser.add_argument("runs")
    parser.add_argument("out", type=Path)
    parser.add_argument("--batch", action="store_true", help="update_batch instead of the loop")
    flags = parser.parse_args()
    lsh, kept = MinHashLSH(threshold=0.8, num_perm=128), []
    for number, run in enumerate(read_runs(flags.runs)):
        if not usable(run):
            continue
        messages = record_of(run)
        minhash = minhash_of(messages, batch=flags.batch)
        if not lsh.query(minhash):
            lsh.insert(str(number), minhash)
            kept.append({"messages": messages})
    random.Random(0).shuffle(kept)
    flags.out.mkdir(parents=True, exist_ok=True)
    cut = len(kept) // 10
    for name, rows in (("validation", kept[:cut]), ("train", kept[cut:])):
        with (flags.out / f"{name}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    print(json.dumps({"pulled": number + 1, "kept": len(kept)}))


if __name__ == "__main__":
    main()
