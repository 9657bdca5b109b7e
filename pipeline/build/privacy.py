"""What the manifest says of redaction, and that nothing is published without it."""

import json
from collections import Counter
from pathlib import Path

import msgspec
import pyarrow.compute as pc
import pyarrow.parquet as pq

from pipeline.errors import GateRefused
from pipeline.manifest import DatasetManifest, Privacy
from pipeline.spec import RedactSpec
from pipeline.stages.redact import RULES

__all__ = ["attest", "check_privacy"]


def attest(spec: RedactSpec, ledger: Path) -> Privacy | None:
    """What was replaced in the records of the dataset, counted from the finished ledger.

    None where no redaction was asked for.
    """
    if not spec.is_asked():
        return None
    table = pq.read_table(ledger, columns=["outcome", "code", "redacted"])
    kept = table.filter(pc.equal(table["outcome"], "kept"))["redacted"].drop_null()
    counts: Counter[str] = Counter()
    for text in kept.to_pylist():
        counts.update(json.loads(text))
    dropped = pc.sum(pc.equal(table["code"], "sensitive_data")).as_py() or 0
    return Privacy(
        rules=RULES,
        policy=spec.policy(),
        key=spec.fingerprint(),
        replaced=dict(sorted(counts.items())),
        records=len(kept),
        dropped=dropped,
    )


def check_privacy(manifest: DatasetManifest) -> None:
    """Raise `GateRefused` where redaction was asked for and the manifest does not attest it."""
    asked = manifest.spec.get("redact")
    if not isinstance(asked, dict):
        return
    fingerprint = asked.get("key_fingerprint")
    words = {name: value for name, value in asked.items() if name != "key_fingerprint"}
    try:
        spec = msgspec.convert(words, RedactSpec)
    except msgspec.ValidationError as error:
        raise GateRefused(_refusal(manifest, f"its words are not understood ({error})")) from None
    if not spec.is_asked():
        return
    privacy = manifest.privacy
    if privacy is None:
        raise GateRefused(_refusal(manifest, "its manifest has no privacy block"))
    if privacy.policy != spec.policy() or privacy.key != fingerprint:
        raise GateRefused(_refusal(manifest, "its manifest attests another policy or key"))
    if privacy.rules != RULES:
        said = f"it was made by rules {privacy.rules}, and these are rules {RULES}"
        raise GateRefused(_refusal(manifest, said))


def _refusal(manifest: DatasetManifest, said: str) -> str:
    return (
        f"build {manifest.build_id}: its spec asked for redaction, and {said}; nothing is "
        "published: build it again"
    )
