"""The part of a spec that says which other sets a dataset must not repeat."""

from msgspec import Struct

__all__ = ["AgainstSpec"]

_LOWEST_THRESHOLD = 0.5


class AgainstSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """Evaluation files and earlier builds; docs/dedupe.md says what is compared with what."""

    sets: tuple[str, ...] = ()
    """Files of an evaluation set (.jsonl, .json, .parquet, .txt, .gz, .zst, or globs of them), and
    earlier builds (a folder, an id or its beginning, `latest`)."""
    threshold: float | None = None
    """Jaccard index of the inputs from which on a run leaves; None: `dedupe.threshold`."""
    contained: bool = True
    """A run whose longer input holds a whole item of an evaluation file leaves as well."""

    def __post_init__(self) -> None:
        if self.threshold is not None and not _LOWEST_THRESHOLD < self.threshold <= 1:
            raise ValueError(
                f"threshold must be above {_LOWEST_THRESHOLD} and at most 1, it is {self.threshold}"
            )
