"""Epochs and money: pure arithmetic on the facts of a target. Imports `manifest`'s nouns."""

from typing import Literal

from pipeline.manifest import FactSource, Span, TrainingCost
from pipeline.trainers.facts import EpochRule, Method, Price
from pipeline.trainers.target import Target

__all__ = ["Asked", "estimate_cost", "openai_epochs", "span_of_epochs", "tokens_for"]

Asked = int | Literal["auto"]
"""Epochs as a spec has them."""
_WANTED, _FEWEST, _MOST = 3, 100, 25_000
"""OpenAI's cookbook: three epochs, unless that were fewer than 100 or more than 25,000 examples."""
_MOST_EPOCHS = 25
_UNKNOWN = (1, 3, 5)
"""Least, likely and most epochs where no page says what a provider chooses: an assumption.

3 is what OpenAI's cookbook aims at, 5 the most that Bedrock lets Nova have.
"""
_MILLION = 1_000_000


def openai_epochs(examples: int) -> int:
    """OpenAI's default, as its cookbook estimates it.

    3, or what brings few examples up to 100 in all, many down to 25,000; between 1 and 25.
    github.com/openai/openai-cookbook, examples/Chat_finetuning_data_prep.ipynb, read 2026-11-23.
    """
    if examples * _WANTED < _FEWEST:
        return min(_MOST_EPOCHS, _FEWEST // max(1, examples))
    if examples * _WANTED > _MOST:
        return max(1, _MOST // examples)
    return _WANTED


def span_of_epochs(rule: EpochRule | None, asked: Asked, examples: Span) -> Span:
    """How often the file is gone through: exactly where it is asked for or the rule is known."""
    if asked != "auto":
        return _span(asked, asked, asked)
    if rule is not None and rule.rule == "fixed" and rule.default is not None:
        return _span(rule.default, rule.default, rule.default)
    if rule is not None and rule.rule == "openai":
        most, fewest = openai_epochs(round(examples.low)), openai_epochs(round(examples.high))
        return _span(openai_epochs(round(examples.likely)), fewest, most)
    least, likely, most = _UNKNOWN
    if rule is not None:
        least, most = max(least, rule.least), min(most, rule.most or most)
    return _span(min(max(likely, least), most), least, most)


def estimate_cost(
    target: Target,
    method: Method,
    *,
    examples: Span,
    tokens: Span,
    validation: Span,
    asked: Asked,
) -> TrainingCost:
    """What a training on so many billable tokens would cost.

    `tokens` are those of the training split once through, `validation` those of the validation
    file. Where a provider bills validation, once an epoch is likely, and none is the least: a job
    says how often. The range is that of the tokens and of the epochs, and never below the
    provider's minimum.
    """
    facts, price = target.facts, target.price(method)
    epochs = span_of_epochs(facts.epochs, asked, examples)
    billed = _times(tokens, epochs)
    if asked == "auto" and facts.epochs is not None and facts.epochs.rule == "openai":
        billed = _times_by_count(tokens, examples, epochs)
    if facts.bills_validation is not None and facts.bills_validation.value:
        more = _times(validation, epochs)
        billed = Span(billed.likely + more.likely, billed.low, billed.high + more.high)
    minimum = facts.minimum.value if facts.minimum else None
    return TrainingCost(
        provider=target.provider.name if target.provider else None,
        model=target.model,
        method=method,
        examples=examples,
        tokens=tokens,
        epochs=epochs,
        billed=billed,
        price_per_million=price.per_million if price else None,
        currency=price.currency if price else None,
        minimum=minimum,
        cost=_cost(billed, price, minimum),
        notes=tuple(_notes(target, price, asked, billed)),
        sources=tuple(_sources(target, price, asked)),
    )


def tokens_for(money: float, price: Price, epochs: int) -> int:
    """How many tokens, once through, a sum pays for."""
    return int(money / (price.per_million * epochs) * _MILLION)


def _span(likely: int, low: int, high: int) -> Span:
    return Span(float(likely), float(low), float(high))


def _times(tokens: Span, epochs: Span) -> Span:
    return Span(tokens.likely * epochs.likely, tokens.low * epochs.low, tokens.high * epochs.high)


def _times_by_count(tokens: Span, examples: Span, epochs: Span) -> Span:
    """The same where fewer examples mean more epochs: by the examples that are seen in all.

    13,000 examples are seen once and 12,000 twice, so fewer may cost more.
    """
    low, high = max(1, round(examples.low)), max(1, round(examples.high))
    counts = (low, *range(low, min(high, _MOST) + 1), high)
    seen = [count * openai_epochs(count) for count in counts]
    likely = tokens.likely * epochs.likely
    least = tokens.low / low * min(seen)
    return Span(likely, min(least, likely), max(tokens.high / high * max(seen), likely))


def _cost(billed: Span, price: Price | None, minimum: float | None) -> Span | None:
    if price is None:
        return None
    least = minimum or 0.0
    return Span(
        likely=max(least, billed.likely * price.per_million / _MILLION),
        low=max(least, billed.low * price.per_million / _MILLION),
        high=max(least, billed.high * price.per_million / _MILLION),
    )


def _notes(target: Target, price: Price | None, asked: Asked, billed: Span) -> list[str]:
    """What is not sure about the figures, as sentences without a full stop."""
    facts, notes = target.facts, []
    if price is None:
        notes.append("no price is known" if target.provider else "the catalog has no such target")
    elif target.pages[price.source].confidence == "secondary":
        notes.append("the price is not from the provider's own page")
    if price is not None and (price.above or price.up_to):
        notes.append(f"the price is that of {target.parameters:g} billion parameters")
    if price is not None and price.training is not None:
        whole = {"lora": "LoRA", "full": "full fine-tuning"}[price.training]
        notes.append(f"the price is that of {whole}")
    if asked == "auto" and (facts.epochs is None or facts.epochs.rule == "unknown"):
        notes.append("how many epochs the provider chooses is not known")
    if facts.bills_validation is not None and facts.bills_validation.value:
        notes.append("tokens of the validation file cost too, reckoned once an epoch")
    if facts.max_job_tokens is not None and billed.likely > facts.max_job_tokens.value:
        notes.append(f"a job takes at most {facts.max_job_tokens.value:,} tokens, epochs counted")
    most = facts.epochs.most if facts.epochs else None
    if asked != "auto" and most is not None and asked > most:
        notes.append(f"a job takes at most {most} epochs")
    return notes


def _sources(target: Target, price: Price | None, asked: Asked) -> list[FactSource]:
    """Where the facts that the figures rest on were read."""
    facts = target.facts
    used = [("price", price.source)] if price else []
    if asked == "auto" and facts.epochs is not None:
        used.append(("epochs", facts.epochs.source))
    if facts.minimum is not None:
        used.append(("minimum", facts.minimum.source))
    if facts.bills_validation is not None:
        used.append(("bills_validation", facts.bills_validation.source))
    found = []
    for fact, source in used:
        page = target.pages[source]
        read = page.read.isoformat() if page.read else None
        found.append(FactSource(fact, page.page, read, page.confidence))
    return found
