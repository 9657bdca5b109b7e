"""The whole build with datatrove: read exported runs, drop the unusable, MinHash, filter, write.

    .bench/venv/bin/python benchmarks/yardsticks/datatrove_build.py RUNS OUT_FOLDER

A first pipeline reads the export and writes usable records, as datatrove's examples process raw
data before the deduplication. Then come the four stages of its MinHash example (14 buckets of 8
hashes of 64 bits, word 5-grams), with the local executor and two workers. The filter's pipeline
splits at random and writes JSON lines for OpenAI. Nothing is packed, and the example's token count
is left out: both spare it time.
"""

import json
import random
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))

from datatrove.data import Document, DocumentsPipeline
from datatrove.executor import LocalPipelineExecutor
from datatrove.pipeline.base import PipelineStep
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
from plain_reading import read_lines, record_of, usable

WORKERS = 2
CONFIG = MinhashConfig(hash_config=HashConfig(precision=64), num_buckets=14, hashes_per_bucket=8)


class ReadRuns(PipelineStep):
    """Reads every `world_size`-th run of the export; datatrove's readers share out whole files."""

    name = "Runs"
    type = "READER"

    def __init__(self, runs: str) -> None:
        super().__init__()
        self.runs = runs

    def run(
        self, _data: DocumentsPipeline = None, rank: int = 0, world_size: int = 1
    ) -> Iterator[Document]:
        """Usable records as documents."""
        for number, line in islice(enumerate(read_lines(self.runs)), rank, None, world_size):
            run = json.loads(line)
            if usable(run):
                messages = record_of(run)
                text = "\n".join(message["content"] for message in messages)
                yield Document(text, str(number), metadata={"messages": messages})


class Split(PipelineStep):
    """Names each document's side, nine to one at random."""

    name = "Split"
    type = "SPLIT"

    def run(
        self, data: DocumentsPipeline, rank: int = 0, _world_size: int = 1
    ) -> Iterator[Document]:
        """The same documents."""
        rng = random.Random(rank)
        for document in data:
            document.metadata["split"] = "validation" if rng.random() < 0.1 else "train"
            yield document


def line(_writer: JsonlWriter, document: Document) -> dict[str, Any]:
    """What stands in the dataset."""
    return {"messages": document.metadata["messages"]}


def executor(
    base: Path, name: str, steps: list[Any], tasks: int, depends: Any = None
) -> LocalPipelineExecutor:
    """One stage, with its log."""
    return LocalPipelineExecutor(
        steps,
        tasks=tasks,
        workers=min(WORKERS, tasks),
        logging_dir=str(base / "logs" / name),
        depends=depends,
    )


def stages(runs: str, base: Path) -> LocalPipelineExecutor:
    """All of them; each depends on the one before."""
    folders = ("records", "signatures", "buckets", "ids", "dataset")
    records, signatures, buckets, removed, dataset = (str(base / name) for name in folders)
    plain = {"compression": None}
    read = executor(base, "0", [ReadRuns(runs), JsonlWriter(records, **plain)], WORKERS)
    reader = JsonlReader(records)
    signature = MinhashDedupSignature(signatures, config=CONFIG, language=Languages.english)
    sign = executor(base, "1", [reader, signature], WORKERS, read)
    match = [MinhashDedupBuckets(signatures, buckets, config=CONFIG)]
    matched = executor(base, "2", match, CONFIG.num_buckets, sign)
    cluster = executor(
        base, "3", [MinhashDedupCluster(buckets, removed, config=CONFIG)], 1, matched
    )
    writer = JsonlWriter(dataset, "${split}-${rank}.jsonl", adapter=line, **plain)
    steps = [reader, MinhashDedupFilter(removed), Split(), writer]
    return executor(base, "4", steps, WORKERS, cluster)


def main() -> None:
    """Run the stages, count what came out."""
    _, runs, out = sys.argv
    base = Path(out).resolve()
    stages(str(Path(runs).resolve()), base).run()
    lines = [path.read_bytes().count(b"\n") for path in (base / "dataset").glob("*.jsonl")]
    print(json.dumps({"kept": sum(lines)}))


if __name__ == "__main__":
    main()
