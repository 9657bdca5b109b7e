"""A provider and a model found in the catalog: what is known of training that model there."""

import re
from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.trainers.facts import Catalog, Facts, Method, Page, Price, Provider

__all__ = ["Target", "candidates", "find_target", "read_parameters"]

_NOWHERE = 1 << 30
_EXPERTS = re.compile(r"b-\d+e(?![a-z0-9])")
"""17b-16e: the size is one of what is active, the whole is not told."""
_SIZE = re.compile(r"(?<![a-z0-9])(?:(\d+)x)?(\d+(?:[.p]\d+)?)b(?![a-z0-9])")
"""Billions in a model's id: 8b, 0.5b, 1p5b, 8x7b; not the active ones of a17b."""


class Target(Struct, frozen=True):
    """What is to be trained, and all that the catalog says about it."""

    provider: Provider | None
    """None where the catalog knows no such provider."""
    model: str | None
    row: str | None
    """The key of the model's row; None where the provider has none for it."""
    facts: Facts
    """The model's, and the provider's where the model has none."""
    parameters: float | None
    """Billions."""
    pages: dict[str, Page]
    """Of the facts, by their source."""

    @property
    def name(self) -> str:
        """Provider and model in words."""
        provider = self.provider.title if self.provider else None
        return " at ".join(one for one in (self.model, provider) if one) or "nothing"

    def price(self, method: Method) -> Price | None:
        """The price of that method: the first that fits, and LoRA's where there are two."""
        for price in self.facts.prices:
            if price.method in (None, method) and price.fits(self.parameters):
                return price
        return None

    def making(self) -> dict[str, Any]:
        """The facts that a cost rests on, as plain JSON values: where they are equal, so is it."""
        used = Facts(
            prices=self.facts.prices,
            epochs=self.facts.epochs,
            minimum=self.facts.minimum,
            bills_validation=self.facts.bills_validation,
            max_job_tokens=self.facts.max_job_tokens,
        )
        provider = self.provider.name if self.provider else None
        pages = {source: self.pages[source] for _, source in used.named()}
        named = {"provider": provider, "model": self.model, "parameters": self.parameters}
        made = {**named, "facts": used, "pages": pages}
        plain: dict[str, Any] = msgspec.to_builtins(made)
        return plain


def find_target(catalog: Catalog, provider: str | None, model: str | None) -> Target:
    """What the catalog knows; without a row for the model, what holds for all of the provider."""
    known = catalog.providers.get(provider) if provider is not None else None
    if known is None:
        return Target(None, model, None, Facts(), None, {})
    found = known.model_of(model) if model is not None else None
    facts, row, parameters = known.over(Facts()), None, None
    if found is not None:
        row, own = found
        facts = own.over(known)
        parameters = own.parameters.value if own.parameters else None
    if parameters is None and model is not None:
        parameters = read_parameters(model)
    pages = {source: catalog.page(source) for _, source in facts.named()}
    return Target(known, model, row, facts, parameters, pages)


def candidates(catalog: Catalog, model: str, formats: Sequence[str]) -> list[str]:
    """The providers with a row of its own for a model.

    Of several, those to whom one of `formats` is the most their own; all of them where it is
    nobody's.
    """
    found = {
        name: _foreign(provider, formats)
        for name, provider in catalog.providers.items()
        if (row := provider.model_of(model)) is not None and row[0] != "*"
    }
    nearest = min(found.values(), default=0)
    return [name for name, foreign in found.items() if foreign == nearest]


def _foreign(provider: Provider, formats: Sequence[str]) -> int:
    """The first place that one of the formats has among the provider's."""
    places = [provider.formats.index(name) for name in formats if name in provider.formats]
    return min(places, default=_NOWHERE)


def read_parameters(model: str) -> float | None:
    """Billions of parameters that a model's id tells (`qwen3-8b`: 8, `8x7b`: 56), else None."""
    ident = model.lower()
    if _EXPERTS.search(ident):
        return None
    sizes = [
        float(size.replace("p", ".")) * int(times or 1) for times, size in _SIZE.findall(ident)
    ]
    return max(sizes, default=None)
