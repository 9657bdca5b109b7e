"""Make `docs/formats.md` from the formats themselves: `python docs/make_formats.py`.

Imports `pipeline`.
"""

import tomllib
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

import msgspec

from pipeline.formats import FORMATS, Carries, Format, Rule, Source

PAGE = Path(__file__).parent / "formats.md"
ORACLES = Path(__file__).parents[1] / "tests" / "oracles"
BOOK = ORACLES / "disagreements.json"
EXCUSES = ORACLES / "excused.toml"

HEAD = """\
# Formats

Made by `python docs/make_formats.py` from the code: what a provider takes, what becomes of what it
has no place for, and by which rule a line is refused. Every fact of a vendor has the page where it
was read and the day; a rule without one is our own and says why it is there.

A record is refused or rewritten only where the tables say so. A refusal is the ledger's
`format_refused` with the sentence; a rewrite stands in the ledger's column `rewritten`, as
`gemini:systems_joined`. Of several formats that are asked for, a record has to be taken by all: for
two datasets that are as large as each format allows, build twice.

Every format is held against validators that other people wrote ([how](oracles.md)): what one of
them refuses is not accepted, unless it is listed here with the reason, and where only we refuse,
the rule says why.

"""

_WEIGHTS = {
    "kept": "kept",
    "spelled_out": "on all turns or none",
    "assistant": "on the assistant's",
    "last_answer": "the last answer alone",
    "refused": "refused",
}
_SCHEMAS = {"kept": "kept", "openapi": "in OpenAPI's words"}
_BESIDE = {"kept": "kept", "never_empty": "an empty one is dropped", "refused": "refused"}
_TURNS = {"any": "kept", "user": "the user's"}
_DESCRIBED = {"optional": "kept", "required": "an empty one is added"}

FEATURES: dict[str, tuple[str, Callable[[Carries], str]]] = {
    "a system message": ("system", lambda one: one.system),
    "several of them at the beginning": ("several_systems", lambda one: one.several_systems),
    "one after the first other turn": ("later_system", lambda one: one.later_system),
    "two turns of one role in a row": ("same_role_turns", lambda one: one.same_role_turns),
    "more than one question": ("several_turns", lambda one: one.several_turns),
    "tools, calls, results": ("tools", lambda one: one.tools),
    "text beside a call": ("content_beside_calls", lambda one: _BESIDE[one.content_beside_calls]),
    "ids of calls": ("call_ids", lambda one: one.call_ids),
    "what tools gave back": ("results", lambda one: one.results),
    "images from": ("images", lambda one: ", ".join(one.images) or "refused"),
    "images of type": ("image_types", lambda one: ", ".join(_bare(one.image_types)) or ""),
    "the type of an image at an address": ("address_types", lambda one: one.address_types),
    "images in turns of": ("image_turns", lambda one: _TURNS[one.image_turns]),
    "a content of several texts": ("text_parts", lambda one: one.text_parts),
    "how closely to look": ("detail", lambda one: one.detail),
    "texts beside parts": ("texts", lambda one: one.texts.replace("_", " ")),
    "weights of messages": ("weight", lambda one: _WEIGHTS[one.weight]),
    "a weight of its own": ("example_weight", lambda one: one.example_weight),
    "reasoning": ("reasoning", lambda one: one.reasoning),
    "names": ("names", lambda one: one.names),
    "tools without a description": ("descriptions", lambda one: _DESCRIBED[one.descriptions]),
    "strict tools": ("strict", lambda one: one.strict),
    "schemas of tools": ("tool_schemas", lambda one: _SCHEMAS[one.tool_schemas]),
    "parallel tool calls": ("parallel_tool_calls", lambda one: one.parallel_tool_calls),
}
"""What a record may have, in words, with the field of `Carries`."""


def _bare(types: tuple[str, ...]) -> list[str]:
    return [one.removeprefix("image/") for one in types]


def page() -> str:
    """The whole page."""
    parts = [HEAD, "".join(_contents()), "".join(_matrix())]
    parts += ["".join(_section(form)) for form in FORMATS.values()]
    return "".join(parts)


def _contents() -> Iterator[str]:
    yield "| format | what it is | made from | a line | file |\n|---|---|---|---|---|\n"
    for form in FORMATS.values():
        made_of = "a conversation" if form.kind == "chat" else "a preference"
        schema = f"[{form.schema}](../schemas/{form.schema}.schema.json)"
        begins = " with a byte-order mark" if form.file_prefix else ""
        yield (
            f"| [`{form.name}`](#{form.name}) | {form.title} | {made_of} | {schema} | "
            f"`{form.file_suffix}`{begins} |\n"
        )
    yield "\n"


def _matrix() -> Iterator[str]:
    yield "## What each carries\n\n"
    names = [f"`{name}`" for name in FORMATS]
    yield f"| a record has | {' | '.join(names)} |\n|---|{'---|' * len(names)}\n"
    for words, (_, told) in FEATURES.items():
        cells = [_word(told(form.carries)) for form in FORMATS.values()]
        yield f"| {words} | {' | '.join(cells)} |\n"
    several = [
        form.carries.answer_turns if form.kind == "preference" else "" for form in FORMATS.values()
    ]
    yield f"| messages in a preferred answer | {' | '.join(several)} |\n\n"


def _word(fate: str) -> str:
    return "" if fate == "kept" else f"**{fate}**" if fate == "refused" else fate


def _section(form: Format[Any]) -> Iterator[str]:
    yield f"## {form.name}\n\n{form.title}; {_cited(form.source)}.\n\n"
    if form.file_prefix:
        yield "The file begins with a UTF-8 byte-order mark.\n\n"
    yield from _limits(form)
    yield "| rule | what holds | what to do | where it was read, or why |\n|---|---|---|---|\n"
    for name in ("json", "schema", *form.rules):
        rule = form.rule(name)
        says = escape(rule.says, quote=False)
        yield f"| `{name}` | {says} | {rule.fix} | {_reason(rule)} |\n"
    yield "\n"
    yield from _judged(form.name)


def _judged(name: str) -> Iterator[str]:
    """Which validators of other people it is held against, and where it differs from them."""
    book = msgspec.json.decode(BOOK.read_bytes())
    if name not in book["formats"]:
        yield f"Held against no other validator: {book['unjudged'][name]}.\n\n"
        return
    told = book["formats"][name]
    yield (
        f"Held against other validators on {told['lines']:,} good and broken lines: all accept "
        f"{told['accepted']:,}, both sides refuse {told['refused']:,}.\n\n"
        "| validator | what it looks at | what it lets pass |\n|---|---|---|\n"
    )
    for one in told["judged_by"]:
        yield f"| {one['package']} | {one['covers']} | {one['misses']} |\n"
    alone = sorted(told["alone"].items(), key=lambda pair: -pair[1]["lines"])
    rules = ", ".join(f"`{rule}` {found['lines']:,}" for rule, found in alone)
    yield f"\nLines that only we refuse, by rule: {rules or 'none'}.\n\n"
    excuses = tomllib.loads(EXCUSES.read_text(encoding="utf-8"))["excused"]
    for one in (one for one in excuses if name in one["formats"]):
        page = _cited(Source(one["source"], one["read"]))
        yield f"Accepted although {one['oracle']} refuses it: {one['because']} ({page}).\n\n"


def _limits(form: Format[Any]) -> Iterator[str]:
    told = {
        name: value
        for name, value in msgspec.structs.asdict(form.limits).items()
        if value is not None and name != "sources"
    }
    if not told:
        return
    yield "| limit | | where it was read |\n|---|---|---|\n"
    for name, value in told.items():
        yield f"| {name.replace('_', ' ')} | {value:,} | {_cited(form.limits.sources[name])} |\n"
    yield "\n"


def _reason(rule: Rule) -> str:
    return f"ours: {rule.why}" if rule.source is None else _cited(rule.source)


def _cited(source: Source) -> str:
    address, _, place = source.page.partition(", ")
    name = address.removeprefix("https://")
    link = f"[{name}]({address})" if address.startswith("https://") else address
    return f"{link}{f', {place}' if place else ''}, {source.read}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
