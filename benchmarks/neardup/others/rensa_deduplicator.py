"""rensa: RMinHashDeduplicator, as under "Keep unique documents" in its README.

python benchmarks/neardup/others/rensa_deduplicator.py TEXTS OUT_FOLDER
"""

import sys

from records import read, write
from rensa import RMinHashDeduplicator


def main() -> None:
    """The README's call, on the words of each record."""
    _, texts, out = sys.argv
    records = list(read(texts))
    deduplicator = RMinHashDeduplicator(threshold=0.8, num_perm=128, use_lsh=True)
    keep = deduplicator.add_pairs((record["id"], record["text"].split()) for record in records)
    write(out, (record for record, stays in zip(records, keep, strict=True) if stays))


if __name__ == "__main__":
    main()
