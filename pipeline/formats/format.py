"""What a format is: one provider's training line, its rules, its limits, what it cannot carry.

A provider's file makes one `Format` from plain functions and facts. Imports `records` and
`schemas`.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import msgspec
from msgspec import Struct

from pipeline.formats.fitting.carries import Carries
from pipeline.formats.schemas import Problem, SchemaCheck
from pipeline.formats.unread import Unread, reads_all
from pipeline.records import ChatRecord, PreferenceRecord

__all__ = [
    "COMMON_RULES",
    "Across",
    "Format",
    "Kind",
    "Limits",
    "Mend",
    "Problem",
    "Rule",
    "Source",
]

R = TypeVar("R", ChatRecord, PreferenceRecord)
Kind = Literal["chat", "preference"]


class Source(Struct, frozen=True):
    """Where a vendor's fact was read."""

    page: str
    read: str
    """The day, `YYYY-MM-DD`."""


class Rule(Struct, frozen=True):
    """A rule of a line or a file."""

    says: str
    """What holds, as a sentence without its full stop."""
    fix: str
    """What a person can do about a line that breaks it."""
    source: Source | None = None
    """The vendor's page; None for a rule of our own."""
    why: str = ""
    """For a rule of our own: its reason."""


class Limits(Struct, frozen=True, kw_only=True):
    """What a provider takes. None: no figure is known."""

    min_examples: int | None = None
    """Lines in a training file."""
    max_examples: int | None = None
    max_file_bytes: int | None = None
    max_images: int | None = None
    """In one example."""
    max_image_bytes: int | None = None
    max_example_tokens: int | None = None
    """Where it is the same for all models; by model it stands in the catalog."""
    max_example_chars: int | None = None
    sources: dict[str, Source]
    """By the name of the limit; every limit that is not None has one."""


class Mend(Struct, frozen=True):
    """A safe repair of a line that a provider would refuse: no word to be trained changes."""

    name: str
    says: str
    """What it does, as a sentence without its full stop."""
    apply: Callable[[dict[str, Any]], Iterable[str]]
    """Changes the decoded line in place; gives the JSON pointer of each place it changed."""


Across = Callable[[dict[str, Any]], Iterable[Problem]]
"""Called with every line of one file in turn; what of this line does not fit those before."""

COMMON_RULES: Mapping[str, Rule] = {
    "json": Rule(
        "A line is one JSON object in UTF-8",
        "write it with a JSON library, one object a line",
        why="JSON Lines; NaN, Infinity and lone surrogates are no JSON",
    ),
}
"""Rules of every format."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Format(Generic[R]):
    """One provider's training line. Pure and stateless."""

    name: str
    """The word for it in specs and folders."""
    title: str
    """The provider's own words for it."""
    kind: Kind
    """What a line is made from: a conversation, or a preference."""
    schema: str
    """Name of its JSON Schema in `schemas/`."""
    source: Source
    """The page that says how a line looks; what the schema says was read there."""
    limits: Limits
    carries: Carries
    rules: Mapping[str, Rule]
    """What no schema can say, by the name that its problems have."""
    encode: Callable[[R], bytes]
    """The line, without a newline, of a record that was fitted (`fitting.fit`)."""
    decode: Callable[[bytes], R]
    """The record of a line that `check` has nothing against."""
    break_rules: Callable[[dict[str, Any]], Iterable[Problem]]
    """Every broken rule of a decoded line that follows the schema."""
    unread: Unread = reads_all
    """Fields of an accepted line that no record has a place for."""
    across: Callable[[], Across] | None = None
    """Makes a judge of the rules that bind the lines of one file."""
    mends: tuple[Mend, ...] = ()
    """Safe repairs, in the order in which they are tried."""
    file_prefix: bytes = b""
    """What a file begins with: a byte-order mark, where a provider asks for it."""
    file_suffix: str = ".jsonl"

    def check(self, line: bytes) -> tuple[Problem, ...]:
        """Every broken rule; empty for a line that the provider takes. Never raises."""
        try:
            return self.examine(msgspec.json.decode(line))
        except RecursionError:
            return (Problem("json", "", "nests too deeply to be read"),)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return (Problem("json", "", f"is no JSON: {error}"),)

    def examine(self, value: Any) -> tuple[Problem, ...]:
        """The same of a decoded line: the schema first; then the rules that no schema can say.

        Raises `RecursionError` for a value that nests too deeply.
        """
        return SchemaCheck(self.schema).problems(value) or tuple(self.break_rules(value))

    def __reduce__(self) -> tuple[Any, ...]:
        """A format goes to a worker by its name: what it is made of need not be picklable."""
        return _registered, (self.name,)

    def rule(self, name: str) -> Rule:
        """The rule that a problem names."""
        if name == "schema":
            says = f"A line follows schemas/{self.schema}.schema.json"
            return Rule(says, "write the field as the provider's page says", self.source)
        return self.rules[name] if name in self.rules else COMMON_RULES[name]


def _registered(name: str) -> Any:
    from pipeline.formats import get_format  # noqa: PLC0415 (the registry imports this file)

    return get_format(name)
