"""Finding one thing by its id or its name, with what was meant in the error."""

from collections.abc import Sequence
from difflib import get_close_matches
from re import fullmatch
from typing import Protocol, TypeVar

from pipeline.errors import NotFound, PermanentError

__all__ = ["looks_like_id", "pick"]


class Named(Protocol):
    """Anything with an id and a name."""

    @property
    def id(self) -> str:
        """24 hexadecimal digits."""

    @property
    def name(self) -> str:
        """What people call it."""


Thing = TypeVar("Thing", bound=Named)


def looks_like_id(word: str) -> bool:
    """Whether the word is 24 hexadecimal digits."""
    return fullmatch(r"[0-9a-fA-F]{24}", word) is not None


def pick(word: str, things: Sequence[Thing], *, noun: str, host: str) -> Thing:
    """The one thing of that name, or of that id.

    `NotFound` names those that are called alike; a name that several bear is a `PermanentError`
    that lists their ids, since to guess would be to train on something else.
    """
    found = {thing.id: thing for thing in things if word in (thing.name, thing.id)}
    match list(found.values()):
        case [only]:
            return only
        case []:
            raise NotFound(f"{host} has no {noun} {word!r}{_alike(word, things)}")
        case several:
            ids = ", ".join(thing.id for thing in several)
            raise PermanentError(f"{len(several)} {noun}s are called {word!r}: give an id ({ids})")


def _alike(word: str, things: Sequence[Named]) -> str:
    names = {thing.name for thing in things}
    folded = {name.casefold(): name for name in sorted(names, reverse=True)}
    close = [folded[name] for name in get_close_matches(word.casefold(), folded, n=3, cutoff=0.6)]
    if close:
        return "; did you mean " + " or ".join(repr(name) for name in close) + "?"
    return f"; there are {len(names):,} others" if names else "; there is none at all"
