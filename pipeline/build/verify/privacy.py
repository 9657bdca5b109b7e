"""Check `private`: what the manifest attests of redaction is what the ledger counts."""

import msgspec

from pipeline.build.ledger_file import LEDGER
from pipeline.build.privacy import attest, check_privacy
from pipeline.build.verify.findings import Findings
from pipeline.build.verify.material import Material
from pipeline.errors import GateRefused
from pipeline.spec import RedactSpec

__all__ = ["check_private"]


def check_private(material: Material, findings: Findings) -> str:
    """The policy, and the values replaced by kind."""
    manifest = material.manifest
    try:
        check_privacy(manifest)
    except GateRefused as error:
        findings.add("redaction was asked for and is not attested", str(error))
        return "the manifest's block of redaction"
    if manifest.privacy is None:
        return "no redaction was asked for"
    asked = dict(manifest.spec["redact"])
    asked.pop("key_fingerprint", None)
    counted = attest(msgspec.convert(asked, RedactSpec), material.store.path(LEDGER))
    assert counted is not None
    for word in ("replaced", "records", "dropped"):
        there, signed = getattr(counted, word), getattr(manifest.privacy, word)
        if there != signed:
            said = f"{word}: the ledger has {there}, the manifest {signed}"
            findings.add("another number of values was replaced", said)
    return f"{manifest.privacy.records:,} records with values replaced"
