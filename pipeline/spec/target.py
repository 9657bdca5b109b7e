"""The part of a spec that says what is to be trained: provider, model, epochs, own facts."""

from typing import Any, Literal

from msgspec import Struct

__all__ = ["TargetSpec"]


class TargetSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """What is to be trained on the dataset. Nothing of it is needed to build one."""

    provider: str | None = None
    """The catalog's word for it; default: found by the model."""
    model: str | None = None
    """The base model, by the provider's id. It decides how tokens are counted."""
    epochs: int | Literal["auto"] = "auto"
    """Passes over the training file; `auto` is the provider's own rule."""
    counting: Literal["auto", "estimate"] = "auto"
    """`auto` counts with the model's own tokenizer where there is one offline, and estimates
    where there is none; `estimate` never loads a tokenizer."""
    catalog: str | None = None
    """A TOML file of facts about providers and models, laid over those that ship."""
    allow_closed: bool = False
    """Go on where the catalog says that the provider takes no new jobs for the model."""

    def __post_init__(self) -> None:
        if self.epochs != "auto" and self.epochs < 1:
            raise ValueError(f"target.epochs must be at least 1 or auto, it is {self.epochs}")

    def making(self) -> dict[str, Any]:
        """The words that decide how tokens are counted, and with them the ledger's bytes."""
        return {"model": self.model, "counting": self.counting}
