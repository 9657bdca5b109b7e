"""datasketch: MinHash of the words and MinHashLSH, as in its documentation.

python benchmarks/neardup/others/datasketch_lsh.py TEXTS OUT_FOLDER

The documented example hashes a document's set of words with 128 permutations. `MinHash.generator`
is its documented way for many documents. The threshold is ours to choose: 0.8, the rule's.
"""

import sys

from datasketch import MinHash, MinHashLSH
from records import read, write


def main() -> None:
    """A record stays unless the index already knows one like it."""
    _, texts, out = sys.argv
    records = list(read(texts))
    words = ([word.encode() for word in set(record["text"].split())] for record in records)
    lsh = MinHashLSH(threshold=0.8, num_perm=128)
    kept = []
    for record, minhash in zip(records, MinHash.generator(words, num_perm=128), strict=True):
        if not lsh.query(minhash):
            lsh.insert(record["id"], minhash)
            kept.append(record)
    write(out, kept)


if __name__ == "__main__":
    main()
