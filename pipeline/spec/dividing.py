"""The parts of a spec that say how many of the records are taken, and which split each goes to."""

from typing import Any, Literal

import msgspec
from msgspec import Struct, field

__all__ = ["NEED_ONE_ANOTHER", "SampleSpec", "SplitSpec"]

_CONVERSATION = "conversation"
"""A word of `group_by` that asks for what is always done."""
_MANY = float(1 << 62)
NEED_ONE_ANOTHER = "sample.max_cost and sample.price_per_million_tokens need one another"
"""Said of one without the other; a sum alone will do where `target.model` has a price."""


class SampleSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """How many of the deduplicated records are taken; all of them unless asked.

    Which ones is a draw by run id, so raising a cap or a budget only adds records.
    """

    max_per_interaction: int | None = None
    """Most records of any one interaction."""
    caps: dict[str, int] = field(default_factory=dict)
    """The same for single interactions, by name; wins over `max_per_interaction`."""
    max_records: int | None = None
    """Most records of the whole dataset, all splits together."""
    max_tokens: int | None = None
    """Most tokens of the whole dataset, as the ledger counts them."""
    max_cost: float | None = None
    """Most US dollars: tokens x `epochs` x `price_per_million_tokens` / 1,000,000."""
    price_per_million_tokens: float | None = None
    """Default: that of `target.model` in the catalog."""
    epochs: int = 1
    """Where the price is the catalog's, 1 means those of the target."""
    temperature: float = 1.0
    """Within a budget the interactions have shares as their sizes to the power of
    1 / temperature: 1 keeps the proportions, more lifts the small ones."""
    salt: str = "trainset"
    """Another salt, another draw."""

    def __post_init__(self) -> None:
        counts = {"max_per_interaction": self.max_per_interaction, "max_records": self.max_records}
        counts |= {"max_tokens": self.max_tokens, "epochs": self.epochs}
        counts |= {f"caps.{name}": cap for name, cap in self.caps.items()}
        price = self.price_per_million_tokens
        amounts = {"max_cost": self.max_cost, "price_per_million_tokens": price}
        for name, value in {**counts, **amounts}.items():
            if value is not None and not value > 0:
                raise ValueError(f"sample.{name} must be above 0, it is {value}")
        if not self.temperature >= 1:
            raise ValueError(f"sample.temperature must be at least 1, it is {self.temperature}")
        if self.temperature > 1 and not self.has_budget():
            raise ValueError(
                "sample.temperature shares a budget out: "
                "give max_records, max_tokens or max_cost as well"
            )
        if price is not None and self.max_cost is None:
            raise ValueError(NEED_ONE_ANOTHER)

    def has_budget(self) -> bool:
        """Whether there is a bound over all interactions together."""
        budgets = (self.max_records, self.max_tokens, self.max_cost)
        return any(budget is not None for budget in budgets)

    def is_asked(self) -> bool:
        """Whether anything could leave."""
        return self.has_budget() or self.max_per_interaction is not None or bool(self.caps)

    def cap_of(self, interaction: str | None) -> int | None:
        """The most records of one interaction, None without a bound."""
        if interaction is None:
            return self.max_per_interaction
        return self.caps.get(interaction, self.max_per_interaction)

    def cap_word(self, interaction: str | None) -> str:
        """The word of the spec that bounds an interaction."""
        return f"caps.{interaction}" if interaction in self.caps else "max_per_interaction"

    def tokens_for_cost(self) -> int | None:
        """How many tokens `max_cost` pays for."""
        if self.max_cost is None or self.price_per_million_tokens is None:
            return None
        tokens = self.max_cost / (self.price_per_million_tokens * self.epochs) * 1_000_000
        return int(min(tokens, _MANY))


class SplitSpec(Struct, frozen=True, forbid_unknown_fields=True):
    """How the records that stay are divided. Components of alike inputs are never divided."""

    validation: float = 0.1
    test: float = 0.0
    group_by: str | tuple[str, ...] = ()
    """What else keeps runs together: dotted paths into the run (`parameters.dialogue`), each by
    itself; `workflow`, the execution of a workflow; `conversation`, which always does."""
    stratify: Literal["interaction", "off"] = "interaction"
    """Every interaction of two components or more is on both sides, or as the draw has it."""
    order: Literal["hash", "time"] = "hash"
    """By draw; or the newest are for validation, and the newest of all for test."""
    previous: str | None = None
    """A finished build (id, beginning of an id, folder, `latest`) whose runs keep their side."""
    salt: str = "trainset"
    """Another salt, another draw."""

    def __post_init__(self) -> None:
        if self.validation < 0 or self.test < 0 or self.validation + self.test >= 1:
            raise ValueError("validation and test must not be negative and sum to less than 1")
        if not all(all(path.split(".")) for path in self._words()):
            raise ValueError("group_by holds dotted paths and words, none of them empty")

    def ties(self) -> tuple[str, ...]:
        """The dotted paths and words of `group_by` whose values are looked up in a run."""
        return tuple(sorted(set(self._words()) - {_CONVERSATION}))

    def making(self) -> dict[str, Any]:
        """The words that decide the cut; the previous build counts by its splits, not its name."""
        words: dict[str, Any] = msgspec.to_builtins(self)
        del words["previous"]
        return {**words, "group_by": list(self.ties())}

    def _words(self) -> tuple[str, ...]:
        return (self.group_by,) if isinstance(self.group_by, str) else self.group_by
