"""What a build is for: the target of a spec or of a session, and how it stands on a day.

The catalog is read here and the day is given: the clock belongs to the command line.
"""

from collections.abc import Mapping, Sequence
from datetime import date

from msgspec import Struct
from msgspec.structs import replace

from pipeline.api.sessions import TrainingSession
from pipeline.errors import GateRefused, UsageError
from pipeline.formats import get_format
from pipeline.manifest import DatasetManifest, Span, TrainingCost
from pipeline.spec import BuildSpec, TargetSpec
from pipeline.trainers import (
    Catalog,
    Method,
    Standing,
    Target,
    candidates,
    find_target,
    load_catalog,
    standing,
)
from pipeline.trainers.cost import estimate_cost
from pipeline.trainers.lifecycle import CLOSING_DAYS

__all__ = [
    "ResolvedTarget",
    "around",
    "format_for",
    "known_target",
    "method_of",
    "priced",
    "refuse_closed",
    "resolve_session",
    "resolve_target",
    "training_cost",
]


class ResolvedTarget(Struct, frozen=True):
    """A target, and what there is to say about it on one day."""

    target: Target
    standing: Standing
    closed: str | None
    """The sentence for one that takes no new jobs; None for any other."""
    warnings: tuple[str, ...]
    """Sentences without a full stop: closing, closed to newcomers, not in the catalog, a format
    that it does not take."""


def known_target(spec: TargetSpec, formats: Sequence[str]) -> Target | None:
    """What the catalog knows of the spec's target; None where it names neither word.

    Without a provider it is the one that has the model, of several the one whose own format is
    asked for. Raises `UsageError` for a provider that the catalog does not know, and where the
    model could be of several.
    """
    if spec.provider is None and spec.model is None:
        return None
    catalog = load_catalog(spec.catalog)
    return find_target(catalog, _provider(spec, catalog, formats), spec.model)


def resolve_target(spec: TargetSpec, formats: Sequence[str], today: date) -> ResolvedTarget | None:
    """The spec's target as it stands today; None where the spec names none.

    Raises what `known_target` raises; a closed target is no error here: see `refuse_closed`.
    """
    target = known_target(spec, formats)
    return None if target is None else _judge(target, formats, today)


def resolve_session(
    spec: TargetSpec, session: TrainingSession, formats: Sequence[str], today: date
) -> ResolvedTarget:
    """The spec's target, and what it does not name from the session's environment and model.

    A provider of the platform that the catalog does not know stands as unknown.
    """
    target = known_target(spec, formats)
    if target is None:
        catalog = load_catalog(spec.catalog)
        target = find_target(catalog, session.env.provider, session.model)
    elif target.model is None:
        target = find_target(load_catalog(spec.catalog), spec.provider, session.model)
    return _judge(target, formats, today)


def format_for(spec: TargetSpec, session: TrainingSession, formats: Sequence[str]) -> str:
    """The first of some formats that the session's provider takes.

    One that the catalog does not know takes any. Raises `GateRefused` where it takes none of them.
    """
    provider = load_catalog(spec.catalog).providers.get(session.env.provider or "")
    if provider is None:
        return formats[0]
    for name in formats:
        if name in provider.formats:
            return name
    raise GateRefused(
        f"session {session.name}: its environment {session.env.name} ({provider.title}) trains on "
        f"{' or '.join(provider.formats)}, not on {' or '.join(formats)}; "
        f"build with --format {provider.formats[0]} "
        "(`trainset build` makes files of any format and hands none over)"
    )


def refuse_closed(resolved: ResolvedTarget, *, allow: bool) -> tuple[str, ...]:
    """The warnings; raises `GateRefused` for a target that is closed unless that is allowed."""
    if resolved.closed is None:
        return resolved.warnings
    if not allow:
        raise GateRefused(f"{resolved.closed}; --allow-closed goes on all the same")
    return (resolved.closed, *resolved.warnings)


def method_of(formats: Sequence[str]) -> Method:
    """How the first format is trained on."""
    return "dpo" if get_format(formats[0]).kind == "preference" else "sft"


def priced(spec: BuildSpec) -> BuildSpec:
    """The spec with the price of a million tokens and the epochs that `sample.max_cost` needs.

    Where the spec names no price they are the target's. Epochs that depend on how many examples
    there will be count as three. Raises `UsageError` where no price is known.
    """
    sample = spec.sample
    if sample.max_cost is None or sample.price_per_million_tokens is not None:
        return spec
    target = known_target(spec.target, spec.formats)
    price = target.price(method_of(spec.formats)) if target else None
    if target is None or price is None or not price.per_million:
        raise UsageError(
            f"sample.max_cost: the catalog has no price of {target.name if target else 'it'}; "
            "give sample.price_per_million_tokens, or write one into target.catalog"
        )
    if price.currency != "USD":
        raise UsageError(
            f"sample.max_cost is in US dollars, the price of {target.name} in {price.currency}"
        )
    epochs = sample.epochs if sample.epochs != 1 else _epochs(spec.target, target)
    return replace(
        spec,
        sample=replace(sample, price_per_million_tokens=price.per_million, epochs=epochs),
    )


def training_cost(target: Target, spec: BuildSpec, manifest: DatasetManifest) -> TrainingCost:
    """What a training on a dataset's first format would cost.

    Where the tokens are estimated, the range has the estimate's error. The tokens of a preference
    are reckoned as those of a conversation.
    """
    counting = manifest.counting
    error = (counting.error if counting else None) or 0.0
    lines: Mapping[str, int] = manifest.splits
    pairs = manifest.preferences.get(spec.formats[0])
    if pairs is not None:
        lines = pairs.lines
    tokens = {
        split: one.trained * lines.get(split, 0) / max(1, manifest.splits.get(split, 0))
        for split, one in manifest.lengths.items()
    }
    cost = estimate_cost(
        target,
        method_of(spec.formats),
        examples=around(lines.get("train", 0)),
        tokens=around(tokens.get("train", 0), error),
        validation=around(tokens.get("validation", 0), error),
        asked=spec.target.epochs,
    )
    most = spec.sample.max_cost
    if most is None or cost.cost is None or cost.cost.likely <= most:
        return cost
    said = f"that is more than sample.max_cost, {most:,.2f}: few examples mean more epochs"
    return replace(cost, notes=(*cost.notes, said))


def around(figure: float, error: float = 0.0) -> Span:
    """A figure that may be off by that share of it, either way."""
    return Span(float(figure), figure * (1.0 - error), figure * (1.0 + error))


def _epochs(spec: TargetSpec, target: Target) -> int:
    if spec.epochs != "auto":
        return spec.epochs
    rule = target.facts.epochs
    return rule.default if rule is not None and rule.default is not None else 3


def _provider(spec: TargetSpec, catalog: Catalog, formats: Sequence[str]) -> str | None:
    if spec.provider is not None:
        if spec.provider not in catalog.providers:
            known = ", ".join(catalog.providers)
            raise UsageError(
                f"target.provider: the catalog has no {spec.provider!r}; it has {known}"
            )
        return spec.provider
    assert spec.model is not None
    found = candidates(catalog, spec.model, formats)
    if len(found) > 1:
        raise UsageError(
            f"target.model: {spec.model} is trained by {' and '.join(found)}; "
            "say which in target.provider"
        )
    return found[0] if found else None


def _judge(target: Target, formats: Sequence[str], today: date) -> ResolvedTarget:
    stands = standing(target.facts, today)
    said = _said(target, stands)
    closed = said if stands.state == "closed" else None
    warnings = [said] if said is not None and stands.state == "closing" else []
    warnings += _more(target, formats, stands, today)
    return ResolvedTarget(target, stands, closed, tuple(warnings))


def _said(target: Target, stands: Standing) -> str | None:
    """What the deciding fact says, where it says that there is an end."""
    facts = target.facts
    left = f", in {stands.days_left} days" if stands.days_left is not None else ""
    when = "from" if stands.days_left is not None else "since"
    on = f" on{left}" if stands.days_left is not None else ""
    match stands.cause:
        case "closes":
            assert facts.closes is not None
            words = f"takes no new jobs {when} {stands.day}{on}"
            return f"{target.name} {words} {_read(target, facts.closes.source)}"
        case "retires":
            assert facts.retires is not None
            words = f"what is trained on it gives no answers {when} {stands.day}{on}"
            return f"{target.name}: {words} {_read(target, facts.retires.source)}"
        case "opens":
            assert facts.opens is not None
            words = f"takes new jobs only from {stands.day} on"
            return f"{target.name} {words} {_read(target, facts.opens.source)}"
        case "offered":
            assert facts.offered is not None
            words = "is deprecated and takes no new jobs"
            return f"{target.name} {words} {_read(target, facts.offered.source)}"
        case None:
            return None


def _read(target: Target, source: str) -> str:
    """Where and when it was read, in brackets."""
    page = target.pages[source]
    read = f", read {page.read}" if page.read else ""
    kind = {"mirror": ", in a copy", "secondary": ", by others' words"}.get(page.confidence, "")
    return f"({page.page}{read}{kind})"


def _more(target: Target, formats: Sequence[str], stands: Standing, today: date) -> list[str]:
    """What else is worth a warning."""
    facts, said = target.facts, []
    newcomers, retires = facts.newcomers_until, facts.retires
    if newcomers is not None and newcomers.value <= today and stands.state != "closed":
        words = f"since {newcomers.value} only of those who have trained there before"
        more = f", and {newcomers.note}" if newcomers.note else ""
        read = _read(target, newcomers.source)
        said.append(f"{target.name} takes new jobs {words}{more} {read}")
    if retires is not None and stands.cause == "closes" and stands.state != "closed":
        left = (retires.value - today).days
        if left <= CLOSING_DAYS:
            words = f"what is trained on it gives no answers from {retires.value} on"
            said.append(f"{target.name}: {words}, in {left} days {_read(target, retires.source)}")
    if target.provider is None:
        said.append(f"{target.name}: the catalog does not know it: no dates, limits or prices")
        return said
    if target.row is None and target.model is not None:
        said.append(f"{target.name}: the catalog does not have the model: whether it is trained")
        said[-1] += " is not known"
    if formats and not set(formats) & set(target.provider.formats):
        takes = ", ".join(target.provider.formats)
        said.append(f"{target.provider.title} takes {takes}, not {', '.join(formats)}")
    return said
