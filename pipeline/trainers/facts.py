"""What is known of providers and models: types of the catalog, each figure with where it was read.

A catalog is a TOML file: `sources` by a short word, and `providers` by the platform's word, each
with its `models`. What a model does not say is its provider's. Imports no room.
"""

from collections.abc import Iterator
from datetime import date
from typing import Generic, Literal, TypeVar

from msgspec import Struct

__all__ = ["Catalog", "EpochRule", "Fact", "Facts", "Method", "Model", "Page", "Price", "Provider"]

T = TypeVar("T")

Method = Literal["sft", "dpo"]
"""Supervised, or by preferences."""
Confidence = Literal["primary", "mirror", "secondary", "own"]


class Page(Struct, frozen=True, forbid_unknown_fields=True):
    """Where a fact was read."""

    page: str
    """Its address; for a user's own facts the file's name."""
    read: date | None = None
    confidence: Confidence = "primary"
    """`primary`: the vendor's page or repository; `mirror`: a copy of it that another keeps;
    `secondary`: somebody else's words about it; `own`: a user's file."""
    note: str = ""


class Fact(Struct, Generic[T], frozen=True, forbid_unknown_fields=True):
    """A figure, a day, a yes or a no, and the word of the source that says it."""

    value: T
    source: str
    note: str = ""


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """What a million training tokens cost; tokens of every epoch count."""

    per_million: float
    source: str
    method: Method | None = None
    """None where it is the price of both."""
    training: Literal["lora", "full"] | None = None
    """None where the provider has one price for both."""
    above: float = 0.0
    """Billions of parameters that the model has more of."""
    up_to: float | None = None
    """Billions of parameters that the model has at most; None without a bound."""
    currency: str = "USD"

    def __post_init__(self) -> None:
        if not 0 <= self.per_million < float("inf"):
            raise ValueError(f"per_million must not be negative, it is {self.per_million}")

    def fits(self, parameters: float | None) -> bool:
        """Whether it is the price of a model of that many billions; None where it is not known."""
        if self.above == 0 and self.up_to is None:
            return True
        if parameters is None:
            return False
        return self.above < parameters <= (float("inf") if self.up_to is None else self.up_to)


class EpochRule(Struct, frozen=True, forbid_unknown_fields=True):
    """How often the provider goes through the file where the job does not say."""

    rule: Literal["openai", "fixed", "unknown"]
    """`openai`: by the number of examples, as its cookbook has it; `fixed`: always `default`;
    `unknown`: the provider chooses and no page says how."""
    source: str
    default: int | None = None
    least: int = 1
    most: int | None = None
    """What a job may ask for; None where no bound is known."""
    note: str = ""

    def __post_init__(self) -> None:
        if self.rule == "fixed" and self.default is None:
            raise ValueError("epochs of rule fixed need a default")
        if self.least < 1 or (self.most is not None and self.most < self.least):
            raise ValueError("epochs must be at least 1, and most not below least")


class Facts(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What can be known of a provider, or of one of its models. None: not known."""

    offered: Fact[bool] | None = None
    """Whether a page of the provider offers the training, where no day is named."""
    opens: Fact[date] | None = None
    """The first day of new jobs."""
    closes: Fact[date] | None = None
    """The first day on which no new job is taken any more."""
    newcomers_until: Fact[date] | None = None
    """The first day on which those who have never trained there start no job any more."""
    retires: Fact[date] | None = None
    """The first day on which a model that was trained on it gives no answers any more."""
    context: Fact[int] | None = None
    """Tokens of one training example."""
    truncates: Fact[bool] | None = None
    """Whether a longer example is cut and used, not refused."""
    min_examples: Fact[int] | None = None
    max_examples: Fact[int] | None = None
    max_file_bytes: Fact[int] | None = None
    max_job_tokens: Fact[int] | None = None
    """Tokens of one job, epochs counted."""
    prices: tuple[Price, ...] = ()
    minimum: Fact[float] | None = None
    """What a job costs at least, in the currency of the price."""
    bills_validation: Fact[bool] | None = None
    """Whether tokens of the validation file cost as much, at every evaluation."""
    epochs: EpochRule | None = None

    def named(self) -> Iterator[tuple[str, str]]:
        """The path of every fact, and the word of its source."""
        for name in Facts.__struct_fields__:
            value = getattr(self, name)
            if isinstance(value, tuple):
                yield from ((f"{name}[{at}]", price.source) for at, price in enumerate(value))
            elif value is not None:
                yield name, value.source

    def over(self, other: "Facts") -> "Facts":
        """These facts, and the other's where there are none."""
        mine = {name: getattr(self, name) for name in Facts.__struct_fields__}
        return Facts(**{name: value or getattr(other, name) for name, value in mine.items()})


class Model(Facts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A base model; its key is its id, or a beginning of it and `*`."""

    also: tuple[str, ...] = ()
    """Other ids, or beginnings with `*`, that mean it."""
    parameters: Fact[float] | None = None
    """Billions, all of them; read from the id where it is not said."""


class Provider(Facts, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One provider; its key is the platform's word for it in an environment."""

    title: str
    formats: tuple[str, ...]
    """Names of the formats that it takes; the first is its own."""
    name: str = ""
    built: bool = False
    """Whether this version can start its jobs."""
    models: dict[str, Model] = {}

    def model_of(self, model: str) -> tuple[str, Model] | None:
        """The row of a model's id: the one with the longest fitting key; None where none fits."""
        base = _base(model)
        fitting = [
            (len(key), row, self.models[row])
            for row, known in self.models.items()
            for key in (row, *known.also)
            if base == key or (key.endswith("*") and base.startswith(key[:-1]))
        ]
        if not fitting:
            return None
        _, row, known = max(fitting, key=lambda one: one[0])
        return row, known

    def trains(self, model: str) -> bool:
        """Whether it has a row for the model."""
        return self.model_of(model) is not None


def _base(model: str) -> str:
    """The base of an OpenAI model that was tuned before (`ft:BASE:ORG::ID`)."""
    parts = model.split(":")
    return parts[1] if parts[0] == "ft" and len(parts) > 1 else model


class Catalog(Struct, frozen=True):
    """All that is known."""

    sources: dict[str, Page]
    providers: dict[str, Provider]

    def page(self, source: str) -> Page:
        """Where a fact was read."""
        return self.sources[source]

    def all_facts(self) -> Iterator[tuple[str, Facts]]:
        """Every provider and every model with its path in the file."""
        for name, provider in self.providers.items():
            yield f"providers.{name}", provider
            for key, model in provider.models.items():
                yield f'providers.{name}.models."{key}"', model
