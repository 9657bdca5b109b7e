"""Quality gates: what a dataset must be like before anybody pays for it."""

from pipeline.errors import GateRefused
from pipeline.manifest import DatasetManifest
from pipeline.spec import GateSpec

__all__ = ["check_gates"]


def check_gates(gates: GateSpec, manifest: DatasetManifest) -> None:
    """Raise `GateRefused` naming every gate that the dataset does not pass."""
    refusals = _refusals(gates, manifest)
    if refusals:
        raise GateRefused(f"build {manifest.build_id} is kept but refused: " + "; ".join(refusals))


def _refusals(gates: GateSpec, manifest: DatasetManifest) -> list[str]:
    tally = manifest.tally
    found: list[str] = []
    if tally.kept < gates.min_kept:
        found.append(f"{tally.kept:,} records are kept, gates.min_kept is {gates.min_kept:,}")
    share = sum(tally.rejected.values()) / tally.pulled
    if share > gates.max_rejected_share:
        found.append(
            f"{share:.1%} of the runs are rejected, "
            f"gates.max_rejected_share is {gates.max_rejected_share:.1%}"
        )
    for code, most in sorted(gates.max_code_share.items()):
        share = tally.rejected.get(code, 0) / tally.pulled
        if share > most:
            found.append(f"{share:.1%} are {code}, gates.max_code_share.{code} is {most:.1%}")
    return found
