"""Templates run in QuickJS, inside this process and outside of everything else it has.

Two worlds: one for `jst` templates, which have neither clock nor chance, and one that holds the
Handlebars library (`vendor/`, MIT, its licence beside it: no package of the index ships it).
Neither has files, network or a host's objects; time and memory are bounded. A world in which a
bound was met is thrown away. Imports nothing of the package.
"""

from functools import cache
from importlib.resources import files
from typing import Any, Literal

import msgspec
import quickjs
from msgspec import Struct

__all__ = ["Failure", "Sandbox"]

_MOST_TEMPLATES = 500
"""A world that has loaded so many is thrown away with them."""
_STACK_BYTES = 512 << 10
_LOADING_SECONDS = 5.0
_SHOWN = 200


class Failure(Struct, frozen=True):
    """Why a template gave no text."""

    said: str


class Sandbox:
    """Renders templates; a template is compiled once."""

    def __init__(self, *, timeout_ms: int, memory_mb: int) -> None:
        self._seconds = timeout_ms / 1000
        self._bytes = memory_mb << 20
        self._worlds: dict[str, _World] = {}

    def jst(self, code: str, names: tuple[str, ...], variables: bytes) -> str | Failure:
        """A function's body in which only `names`, Array, Set and `_` are known."""
        for name in names:
            if not name.replace("$", "_").isidentifier():
                return Failure(f"SyntaxError: its schema declares {name!r}, which is no name")
        known = ",".join(dict.fromkeys((*names, "_", "Array", "Set")))
        return self._render("jst", (known, code), variables)

    def handlebars(
        self, text: str, variables: bytes, *, escape: bool, moment: str
    ) -> str | Failure:
        """A Handlebars template; `moment` is what `_now` says."""
        return self._render("handlebars", (not escape, text), variables, moment)

    def _render(
        self,
        kind: Literal["jst", "handlebars"],
        template: tuple[Any, str],
        variables: bytes,
        *more: str,
    ) -> str | Failure:
        world = self._worlds.get(kind)
        if world is None or len(world.numbers) >= _MOST_TEMPLATES:
            world = self._worlds[kind] = _World(kind, self._seconds, self._bytes)
        try:
            text = world.render(template, variables, *more)
            return str(msgspec.json.decode(text, type=str))
        except quickjs.JSException as error:
            said = str(error)
            if _is_bound(error, said):
                del self._worlds[kind]
            return Failure(_sentence(error, said))
        except (msgspec.DecodeError, UnicodeError):
            return Failure("its text holds half of a surrogate pair")


class _World:
    """One engine with its compiled templates."""

    def __init__(self, kind: str, seconds: float, size: int) -> None:
        self.numbers: dict[tuple[Any, str], int] = {}
        context = quickjs.Context()
        context.set_time_limit(_LOADING_SECONDS)
        for source in _sources(kind):
            context.eval(source)
        self._load, self._do, close = map(context.get, ("load", "render", "close"))
        close()
        context.set_memory_limit(size)
        context.set_max_stack_size(_STACK_BYTES)
        context.set_time_limit(seconds)
        self._context = context

    def render(self, template: tuple[Any, str], variables: bytes, *more: str) -> str:
        number = self.numbers.get(template)
        if number is None:
            number = self.numbers[template] = self._load(*template)
        text: str = self._do(number, variables.decode(), *more)
        return text


@cache
def _sources(kind: str) -> tuple[str, ...]:
    here = files("pipeline.prompts")
    library = ("vendor/handlebars-4.7.10.min.js",) if kind == "handlebars" else ()
    return tuple(
        here.joinpath(name).read_text(encoding="utf-8") for name in (*library, f"{kind}.js")
    )


def _is_bound(error: Exception, said: str) -> bool:
    """Whether a bound was met, after which the world may be half done."""
    return isinstance(error, quickjs.StackOverflow) or not said.strip().startswith(
        (
            "ReferenceError",
            "TypeError",
            "SyntaxError",
            "RangeError",
            "Error",
            "it returned",
            "it threw",
        )
    )


def _sentence(error: Exception, said: str) -> str:
    if isinstance(error, quickjs.StackOverflow):
        return "it calls itself without end"
    if "interrupted" in said:
        return "it took longer than render.timeout_ms"
    if said.strip() == "null" or "out of memory" in said:
        return "it took more memory than render.memory_mb"
    return said.split("\n", maxsplit=1)[0].strip()[:_SHOWN]
