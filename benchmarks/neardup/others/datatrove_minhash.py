"""datatrove: the four MinHash stages of its example, on this machine.

python benchmarks/neardup/others/datatrove_minhash.py TEXTS OUT_FOLDER

The example's configuration (14 buckets of 8 hashes of 64 bits, word 5-grams, English), with the
local executor and two workers. The example's TokensCounter is left out: it only counts, and it
downloads a tokenizer. The files are not packed, which spares it time.
"""

import json
import sys
from pathlib import Path

from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.dedup import MinhashDedupSignature
from datatrove.pipeline.dedup.minhash import (
    MinhashConfig,
    MinhashDedupBuckets,
    MinhashDedupCluster,
    MinhashDedupFilter,
)
from datatrove.pipeline.readers import JsonlReader
from datatrove.pipeline.writers.jsonl import JsonlWriter
from datatrove.utils.hashing import HashConfig
from datatrove.utils.typeshelper import Languages
from records import read

WORKERS = 2
CONFIG = MinhashConfig(hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8)


def shards(texts: str, folder: Path) -> None:
    """One file a worker, because datatrove shares out whole files."""
    folder.mkdir(parents=True)
    records = list(read(texts))
    half = -(-len(records) // WORKERS)
    for number in range(WORKERS):
        part = records[number * half : (number + 1) * half]
        with (folder / f"{number}.jsonl").open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in part)


def stages(base: Path) -> LocalPipelineExecutor:
    """Signatures, buckets, clusters, filter; each depends on the one before."""
    reader = JsonlReader(str(base / "input"))
    signatures, buckets, removed = (str(base / name) for name in ("signatures", "buckets", "ids"))
    sign = LocalPipelineExecutor(
        [reader, MinhashDedupSignature(signatures, config=CONFIG, language=Languages.english)],
        tasks=WORKERS,
        workers=WORKERS,
        logging_dir=str(base / "logs" / "1"),
    )
    match = LocalPipelineExecutor(
        [MinhashDedupBuckets(signatures, buckets, config=CONFIG)],
        tasks=CONFIG.num_buckets,
        workers=WORKERS,
        logging_dir=str(base / "logs" / "2"),
        depends=sign,
    )
    cluster = LocalPipelineExecutor(
        [MinhashDedupCluster(buckets, removed, config=CONFIG)],
        logging_dir=str(base / "logs" / "3"),
        depends=match,
    )
    writer = JsonlWriter(str(base / "kept"), compression=None)
    return LocalPipelineExecutor(
        [reader, MinhashDedupFilter(removed), writer],
        tasks=WORKERS,
        workers=WORKERS,
        logging_dir=str(base / "logs" / "4"),
        depends=cluster,
    )


def main() -> None:
    """Share out, then run the stages."""
    _, texts, out = sys.argv
    base = Path(out).resolve()
    shards(texts, base / "input")
    stages(base).run()


if __name__ == "__main__":
    main()
