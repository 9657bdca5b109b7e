"""The dataset's signature: which files, made of what, by which rules, with which proof.

Written last and by rename: a folder without `manifest.json` is no dataset. It holds no clock and
no path of a machine, so equal runs and equal specs give equal manifests. Imports `errors`,
`digests`, `ledger`.
"""

import os
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import google_crc32c
import msgspec
from msgspec import Struct, structs

from pipeline.digests import canonical_json
from pipeline.errors import IntegrityError, SourceUnreadable
from pipeline.ledger import Tally

__all__ = [
    "MANIFEST_NAME",
    "AnswerAgreement",
    "CrossSplitProof",
    "DatasetFile",
    "DatasetManifest",
    "FactSource",
    "FileDigests",
    "Preferences",
    "Privacy",
    "Span",
    "TokenCounting",
    "TokenLengths",
    "TrainingCost",
    "read_manifest",
    "verify_files",
    "write_manifest",
]

MANIFEST_NAME = "manifest.json"
_BLOCK = 4 << 20


class DatasetFile(Struct, frozen=True):
    """One file of the dataset."""

    path: str
    """Relative to the manifest's folder, with forward slashes."""
    format: str | None
    split: str | None
    lines: int
    bytes: int
    sha256: str
    """64 hexadecimal digits."""
    crc32c: str
    """Base64 of the big-endian checksum, as Cloud Storage writes it."""


class CrossSplitProof(Struct, frozen=True):
    """That no input crosses the split: an exact join, no sketch."""

    threshold: float
    pairs_at_or_above: int
    """Must be 0."""
    highest_similarity: float | None
    """Highest Jaccard index seen over the cut among candidate pairs; None without any."""
    pairs_examined: int
    """Pairs whose similarity was computed; all others share too few 5-grams to reach it."""


class Privacy(Struct, frozen=True):
    """What was done to private values; docs/redaction.md says what each kind is."""

    rules: str
    """The version of the rules."""
    policy: dict[str, str]
    """What was to become of each kind: off, mask, pseudonym, drop."""
    key: str
    """`public`, or the fingerprint of the secret that pseudonyms were drawn with."""
    replaced: dict[str, int]
    """Values replaced in the records of the dataset, by kind."""
    records: int
    """Records of the dataset in which any was."""
    dropped: int
    """Runs that left because of such a value."""
    originals: str = "1-pull holds the runs as they came"
    """Where private values still are."""


class Preferences(Struct, frozen=True):
    """What one preference format was made of: `pairs = lines + left_out`."""

    pairs: int
    """Pairs of runs of which one was preferred to the other."""
    lines: dict[str, int]
    """By split."""
    left_out: dict[str, int]
    """By reason; `left_out.parquet` names the pairs."""


class TokenCounting(Struct, frozen=True):
    """How tokens were counted; docs/tokens.md."""

    tokenizer: str
    exact: bool
    """Whether it is the model's own tokenizer."""
    error: float | None
    """Mean relative error of an estimate, 0 to 1; None: there is none, or it was not measured."""
    note: str | None
    """Why it was counted so."""
    context: int | None = None
    """Most tokens of one example that the model trains on; None where that is not known."""
    cuts: bool = False
    """Whether a longer example is cut there and trained on all the same."""


class TokenLengths(Struct, frozen=True):
    """How many tokens the examples of a split have."""

    minimum: int
    median: int
    p95: int
    """95 of 100 examples have no more."""
    maximum: int
    trained: int
    """Tokens of all of them together, without those that are cut off."""
    over: int | None
    """Examples above the model's context; None where it is not known."""


class AnswerAgreement(Struct, frozen=True):
    """How far the answers to one input agree, in one interaction."""

    interaction: str | None
    asked_again: int
    """Inputs that were asked more than once, alike ones taken for one."""
    runs: int
    """Their runs."""
    agreeing: int
    """Those of them whose answer is the most frequent one of its input."""
    disputed: int
    """Inputs that got answers which are not alike."""


class Span(Struct, frozen=True):
    """A figure and the range it may turn out in."""

    likely: float
    low: float
    high: float

    def __post_init__(self) -> None:
        assert self.low <= self.likely <= self.high


class FactSource(Struct, frozen=True):
    """Where a fact that a figure rests on was read."""

    fact: str
    page: str
    read: str | None
    """The day, `YYYY-MM-DD`; None for a user's own."""
    confidence: str
    """primary, mirror, secondary or own; docs/catalog.md says what each means."""


class TrainingCost(Struct, frozen=True):
    """What one training on the dataset would cost, by the facts of the catalog."""

    provider: str | None
    """None where the catalog knows none."""
    model: str | None
    method: str
    """sft or dpo."""
    examples: Span
    tokens: Span
    """Of the training split, once through; those of a truncated example's rest do not count."""
    epochs: Span
    billed: Span
    """Tokens that are paid for: every epoch's, and the validation's where they cost."""
    price_per_million: float | None
    """None where no price is known, and then there is no cost either."""
    currency: str | None
    minimum: float | None
    """What a job costs at least."""
    cost: Span | None
    notes: tuple[str, ...]
    """What a reader should know of the figures."""
    sources: tuple[FactSource, ...]


class DatasetManifest(Struct, frozen=True):
    """Everything that is said about a finished dataset."""

    build_id: str
    tally: Tally
    splits: dict[str, int]
    """Records by split."""
    tokens: dict[str, int]
    """Tokens by split, as `counting` says."""
    files: tuple[DatasetFile, ...]
    proof: CrossSplitProof
    spec: dict[str, Any]
    """`BuildSpec.making`: the words that decided the bytes."""
    source: dict[str, Any]
    versions: dict[str, str]
    agreement: tuple[AnswerAgreement, ...] = ()
    """Of the interactions in which anything was asked more than once; most runs first."""
    privacy: Privacy | None = None
    """None where no redaction was asked for."""
    interactions: dict[str, dict[str, int]] | None = None
    """Records by split of every interaction, `""` for none; None where they are more than 300."""
    preferences: dict[str, Preferences] = {}
    """By preference format."""
    training: TrainingCost | None = None
    """None where the spec names no target.model."""
    counting: TokenCounting | None = None
    lengths: dict[str, TokenLengths] = {}
    """Tokens an example, by split."""
    moved: int = 0
    """Records that a tie has moved from their side in the previous build; the ledger flags them."""
    manifest_version: int = 1
    seal: str | None = None
    """SHA-256 of all of the above, 64 hexadecimal digits; set when it is written."""

    def sealed(self) -> "DatasetManifest":
        """The same with its seal: `verify` sees by it whether a word was changed."""
        bare = canonical_json(structs.replace(self, seal=None))
        return structs.replace(self, seal=sha256(bare).hexdigest())


class FileDigests:
    """Size, SHA-256 and CRC32C of bytes as they pass."""

    def __init__(self) -> None:
        self._sha256 = sha256()
        self._crc32c = google_crc32c.Checksum()
        self.bytes = 0

    def update(self, data: bytes) -> None:
        """Take the next bytes in."""
        self._sha256.update(data)
        self._crc32c.update(data)
        self.bytes += len(data)

    @property
    def sha256(self) -> str:
        """64 hexadecimal digits."""
        return self._sha256.hexdigest()

    @property
    def crc32c(self) -> str:
        """Base64 of the big-endian checksum."""
        return b64encode(self._crc32c.digest()).decode()

    @classmethod
    def of_file(cls, path: Path) -> "FileDigests":
        """The digests of a whole file, read in blocks."""
        digests = cls()
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digests.update(block)
        return digests


def write_manifest(folder: Path, manifest: DatasetManifest) -> DatasetManifest:
    """Seal the manifest and write it into the folder, whole or not at all."""
    manifest = manifest.sealed()
    data = msgspec.json.format(msgspec.json.encode(manifest, order="sorted"), indent=1)
    temporary = folder / f".{MANIFEST_NAME}.tmp"
    with temporary.open("wb") as file:
        file.write(data + b"\n")
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(folder / MANIFEST_NAME)
    return manifest


def read_manifest(folder: Path) -> DatasetManifest:
    """The folder's manifest; `SourceUnreadable` without one, `IntegrityError` for a broken one."""
    path = folder / MANIFEST_NAME
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        raise SourceUnreadable(
            f"{folder}: holds no {MANIFEST_NAME}, so it is no finished dataset; build it again"
        ) from None
    try:
        return msgspec.json.decode(data, type=DatasetManifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise IntegrityError(f"{path}: is damaged ({error})") from None


def verify_files(folder: Path, manifest: DatasetManifest) -> None:
    """Raise `IntegrityError` unless every file has the bytes that the manifest signed."""
    for entry in manifest.files:
        path = folder / entry.path
        if not path.is_file():
            raise IntegrityError(f"{path}: is missing, the manifest lists it")
        digests = FileDigests.of_file(path)
        if (digests.bytes, digests.sha256) != (entry.bytes, entry.sha256):
            raise IntegrityError(
                f"{path}: was changed after it was written "
                f"(sha256 {digests.sha256[:12]}…, the manifest has {entry.sha256[:12]}…)"
            )
