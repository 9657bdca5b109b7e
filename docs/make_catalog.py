"""Make `docs/catalog.md` and `schemas/catalog.schema.json` from the catalog that ships.

`python docs/make_catalog.py`. Imports `pipeline`.
"""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from pipeline.trainers import Catalog, Facts, Page, Provider, load_catalog
from pipeline.trainers.facts import EpochRule, Fact, Model, Price

HERE = Path(__file__).parent
PAGE = HERE / "catalog.md"
SCHEMA = HERE.parent / "schemas" / "catalog.schema.json"

OPENING = """\
# The catalog: who trains what, until when, for how much

Made by `python docs/make_catalog.py` from `pipeline/trainers/catalog.toml`. It is what `trainset
plan` and the build's summary reckon with, and what `run`, `publish` and `start` look into before
anything is sent. Every fact has its source, and every source the day on which it was read; what no
page says is left out. Prices and days change: look at the page before you pay.

`primary` is the vendor's page or repository, `mirror` a copy of it that another keeps, `secondary`
somebody else's words about it. A price of a secondary source is told as such.

## How a target stands

| | when | `run`, `publish`, `start` | `plan`, `build` |
|---|---|---|---|
| open | a page offers it, or its end is more than 90 days away | go on | |
| closing | no new job, or no answers of what was trained, within 90 days | go on and warn | warn |
| closed | no new job is taken, or what was trained gives no answers | refuse (exit 3) | warn |
| unknown | no page was found | go on | |

`--allow-closed`, or `target.allow_closed`, goes on with a warning. The target is the spec's
`[target]`, and what that does not name is the session's environment and model. The day is the
UTC day of the command.

## Your own facts

A TOML file of the same shape is laid over the catalog: `target.catalog` in a spec,
`TRAINSET_CATALOG`, or `--catalog FILE`. Tables are joined, a fact replaces the one of its name,
and a plain value will do; the file is then its source. Its words are in
[`schemas/catalog.schema.json`](../schemas/catalog.schema.json).

```toml
[providers.openai.models."gpt-4.1-mini-2025-04-14"]
prices = [{ per_million = 4.0 }]           # what your contract says

[providers.house]                          # a provider of your own
title = "Our own cluster"
formats = ["openai"]
offered = true
epochs = { rule = "fixed", default = 2 }
[providers.house.models."llama-*"]
context = 32768
prices = [{ per_million = 0.2, currency = "EUR" }]
```

## Epochs and money

Where `target.epochs` is a number it counts. `auto` is the provider's own rule:

- `fixed`: its default.
- `openai`: three, or what brings few examples up to 100 in all or many down to 25,000, between 1
  and 25 (`openai-cookbook`).
- `unknown`, where no page tells: 3 are reckoned with, and 1 to 5 make the range, which is an
  assumption.

The cost is tokens x epochs x price, at least the provider's minimum; a provider that bills
validation is reckoned with once an epoch. `plan` adds the range of what it has not seen: 95 % of
the share of runs that are kept and of the tokens of a record, and up to half of the records leaving
as near-duplicates, which is an assumption too. With OpenAI's rule fewer examples may cost more:
13,000 are gone through once, 12,000 twice.

`sample.max_cost` takes price and epochs from here where `target.model` is set and no price is
given; epochs that depend on the number of examples count as three.

"""

WORDS = {
    "offered": "offers the training",
    "opens": "first day of new jobs",
    "closes": "first day without new jobs",
    "newcomers_until": "first day without new jobs of those who never trained there",
    "retires": "first day without answers of what was trained",
    "context": "tokens of an example",
    "truncates": "cuts a longer example",
    "min_examples": "examples, at least",
    "max_examples": "examples, at most",
    "max_file_bytes": "bytes of a file, at most",
    "max_job_tokens": "tokens of a job, at most",
    "minimum": "a job costs at least, US dollars",
    "bills_validation": "bills the validation file",
    "parameters": "billions of parameters",
}


def page(catalog: Catalog) -> str:
    """The whole page."""
    return "".join([OPENING, *_providers(catalog), *_sources(catalog)])


def _providers(catalog: Catalog) -> Iterator[str]:
    yield "## Providers\n\n| | word | formats | models |\n|---|---|---|---|\n"
    for provider in catalog.providers.values():
        formats = ", ".join(f"`{name}`" for name in provider.formats)
        yield f"| {provider.title} | `{provider.name}` | {formats} | {len(provider.models)} |\n"
    for provider in catalog.providers.values():
        yield from _provider(provider)


def _provider(provider: Provider) -> Iterator[str]:
    yield f"\n## {provider.title}\n\n`{provider.name}`\n\n"
    yield "| of | what | | source |\n|---|---|---|---|\n"
    yield from _rows("all", provider)
    for key, model in provider.models.items():
        names = ", ".join(f"`{name}`" for name in (key, *model.also))
        rows = list(_rows(names, model))
        yield from rows or [f"| {names} | | | |\n"]


def _rows(of: str, facts: Facts) -> Iterator[str]:
    for name in (*Facts.__struct_fields__, "parameters"):
        match getattr(facts, name, None):
            case Fact(value, source, note):
                yield _row(of, WORDS[name], _plain(value), source, note)
            case EpochRule() as rule:
                yield _row(of, "epochs", _epochs(rule), rule.source, rule.note)
            case tuple() as prices:
                for price in prices:
                    yield _row(of, _price(price), f"{price.per_million:g}", price.source, "")
            case _:
                continue


def _row(of: str, what: str, value: str, source: str, note: str) -> str:
    return f"| {of} | {what} | {value}{f' ({note})' if note else ''} | `{source}` |\n"


def _plain(value: object) -> str:
    match value:
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case date():
            return value.isoformat()
        case _:
            return f"{value:g}"


def _epochs(rule: EpochRule) -> str:
    bounds = f", {rule.least} to {rule.most}" if rule.most is not None else ""
    return {
        "fixed": f"{rule.default} unless asked{bounds}",
        "openai": "by the number of examples",
        "unknown": "the provider chooses",
    }[rule.rule]


def _price(price: Price) -> str:
    kinds = [one for one in (price.method, price.training) if one]
    if price.up_to is not None:
        kinds.append(f"{price.above:g} to {price.up_to:g} billion")
    elif price.above:
        kinds.append(f"above {price.above:g} billion")
    of = f" ({', '.join(kinds)})" if kinds else ""
    return f"{price.currency} a million tokens{of}"


def _sources(catalog: Catalog) -> Iterator[str]:
    yield "\n## Sources\n\n| word | page | read | | note |\n|---|---|---|---|---|\n"
    for name, source in catalog.sources.items():
        yield (
            f"| `{name}` | {source.page} | {source.read} | {source.confidence} | {source.note} |\n"
        )


class CatalogFile(Struct, forbid_unknown_fields=True):
    """Facts about providers and models, laid over those that ship."""

    sources: dict[str, Page] = {}
    providers: dict[str, Provider] = {}


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a user's file: plain values will do, sources may be left out."""
    made = msgspec.json.schema(CatalogFile)
    parts: dict[str, Any] = made["$defs"]
    for name, part in parts.items():
        part.pop("required", None)
        part.pop("title", None)
        if name.startswith("Fact_"):
            part["required"] = ["value"]
            parts[name] = {"anyOf": [part, part["properties"]["value"]]}
        if name == Provider.__name__:
            del part["properties"]["name"]
    parts[Price.__name__]["required"] = ["per_million"]
    parts[EpochRule.__name__]["required"] = ["rule"]
    parts[Page.__name__]["required"] = ["page"]
    assert {Model.__name__, "CatalogFile"} <= set(parts)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A trainset catalog",
        **made,
    }


def schema_text() -> str:
    """The schema as its file has it."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(load_catalog()), encoding="utf-8")
    SCHEMA.write_text(schema_text(), encoding="utf-8")
