"""Who is compared: each tool's script, its package, what it was given and where its docs say so."""

from dataclasses import dataclass
from pathlib import Path

__all__ = ["CONTESTANTS", "TRAINSET", "Contestant"]

SCRIPTS = Path(__file__).parent / "others"
TRAINSET = "trainset"


@dataclass(frozen=True, slots=True)
class Contestant:
    """One tool."""

    name: str
    script: str | None
    """Its file under `others/`; None for trainset itself."""
    packages: tuple[str, ...]
    """The distributions whose versions are named."""
    parameters: str
    """What was chosen, for the document."""
    docs: str
    """Where its own documentation says how."""

    @property
    def path(self) -> Path | None:
        """The script."""
        return SCRIPTS / self.script if self.script else None


CONTESTANTS = (
    Contestant(
        name=TRAINSET,
        script=None,
        packages=(),
        parameters="`trainset build --runs FILE`, nothing set",
        docs="../README.md",
    ),
    Contestant(
        name="exact hash",
        script="exact_hash.py",
        packages=(),
        parameters="SHA-256 of the whole text, the first of equal ones stays",
        docs="../benchmarks/neardup/others/exact_hash.py",
    ),
    Contestant(
        name="datasketch",
        script="datasketch_lsh.py",
        packages=("datasketch",),
        parameters=(
            "`MinHash.generator` over the set of words, `num_perm=128`; "
            "`MinHashLSH(threshold=0.8, num_perm=128)` (its default threshold is 0.9; 0.8 is the "
            "rule's); a record stays unless the index answers"
        ),
        docs="https://ekzhu.com/datasketch/lsh.html",
    ),
    Contestant(
        name="rensa",
        script="rensa_deduplicator.py",
        packages=("rensa",),
        parameters=(
            "`RMinHashDeduplicator(threshold=0.8, num_perm=128, use_lsh=True).add_pairs` over "
            "`text.split()`, its README's call"
        ),
        docs="https://github.com/beowolx/rensa",
    ),
    Contestant(
        name="datatrove",
        script="datatrove_minhash.py",
        packages=("datatrove", "spacy"),
        parameters=(
            "signatures, buckets, clusters, filter of its example: 14 buckets of 8 hashes of 64 "
            "bits, word 5-grams, `Languages.english`; `LocalPipelineExecutor`, 2 workers"
        ),
        docs=(
            "https://github.com/huggingface/datatrove/blob/main/examples/minhash_deduplication.py"
        ),
    ),
    Contestant(
        name="text-dedup",
        script="text_dedup_minhash.py",
        packages=("text-dedup", "datasets"),
        parameters=(
            "`python -m text_dedup.minhash` with its defaults: word 5-grams, 250 permutations, "
            "threshold 0.7, texts under 5 words left out; a process a core"
        ),
        docs="https://github.com/ChenghaoMou/text-dedup",
    ),
    Contestant(
        name="semhash",
        script="semhash_deduplicate.py",
        packages=("semhash", "model2vec", "wordllama"),
        parameters=(
            "`SemHash.from_records(...).self_deduplicate()` with its default threshold of 0.9, "
            "**not with its usual encoder** (see below)"
        ),
        docs="https://minish.ai/packages/semhash/deduplication",
    ),
)
