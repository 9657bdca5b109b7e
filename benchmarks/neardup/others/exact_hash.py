"""The plain baseline: of records whose whole text is equal, the first stays.

python benchmarks/neardup/others/exact_hash.py TEXTS OUT_FOLDER
"""

import hashlib
import sys

from records import read, write


def main() -> None:
    """One pass, one set of digests."""
    _, texts, out = sys.argv
    seen: set[bytes] = set()
    kept = []
    for record in read(texts):
        digest = hashlib.sha256(record["text"].encode()).digest()
        if digest not in seen:
            seen.add(digest)
            kept.append(record)
    write(out, kept)


if __name__ == "__main__":
    main()
