"""The catalog as it is read: the file that ships (`catalog.toml`), and a user's laid over it.

Data only: importing it imports no SDK and opens no socket. In a user's file a plain value will do
for a fact; the file is then its source. A wrong word is a `UsageError` with its path.
"""

import tomllib
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import Struct, structs

from pipeline.errors import SourceUnreadable, UsageError
from pipeline.trainers.facts import Catalog, Facts, Model, Page, Provider

__all__ = ["PROVIDERS", "SHIPPED", "load_catalog", "shipped_catalog"]

S = TypeVar("S", bound=Struct)

SHIPPED = "catalog.toml"
_OWN = "own"
"""The source of a user's facts that name none."""
_PLAIN = frozenset({*Facts.__struct_fields__, "parameters"}) - {"prices", "epochs"}
"""Words whose plain value is a fact."""
_TOP = {"sources", "providers"}


def load_catalog(path: str | Path | None = None) -> Catalog:
    """The catalog that ships; with a path, that file laid over it.

    Tables are joined, and a fact replaces the one of the same name. Raises `UsageError` with the
    path of the wrong word, `SourceUnreadable` when the file cannot be read.
    """
    if path is None:
        return shipped_catalog()
    file = Path(path)
    own = _with_sources(_read(file), str(file))
    own["sources"] = {_OWN: {"page": file.name, "confidence": _OWN}, **_table(own, "sources", file)}
    return _convert(_laid_over(_shipped_words(), own, file), str(file))


@lru_cache(maxsize=1)
def shipped_catalog() -> Catalog:
    """What ships with this version."""
    return _convert(_shipped_words(), SHIPPED)


def _shipped_words() -> dict[str, Any]:
    file = resources.files("pipeline.trainers") / SHIPPED
    return tomllib.loads(file.read_text(encoding="utf-8"))


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SourceUnreadable(f"{path}: cannot be read ({error.strerror})") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: is not TOML: {error}") from None


def _table(words: dict[str, Any], name: str, where: object) -> dict[str, Any]:
    """A table of that name, empty where there is none."""
    found = words.get(name, {})
    if not isinstance(found, dict):
        raise UsageError(f"{where}: expected a table at `{name}`")
    return found


def _with_sources(words: dict[str, Any], file: str) -> dict[str, Any]:
    """A user's words with plain values made facts, and the file as the source of what has none."""
    providers = {}
    for name, provider in _table(words, "providers", file).items():
        where = f"{file}: providers.{name}"
        if not isinstance(provider, dict):
            raise UsageError(f"{where}: expected a table")
        known = _own_facts(provider)
        models = _table(known, "models", where)
        known["models"] = {
            key: _own_facts(model) if isinstance(model, dict) else model
            for key, model in models.items()
        }
        providers[name] = known
    return {**words, "providers": providers}


def _own_facts(words: dict[str, Any]) -> dict[str, Any]:
    """The facts of one provider or model, each with a source."""
    made = dict(words)
    for name, value in words.items():
        if name == "prices" and isinstance(value, list):
            made[name] = [_sourced(price) for price in value]
        elif name == "epochs":
            made[name] = _sourced(value)
        elif name in _PLAIN:
            made[name] = _sourced(value if isinstance(value, dict) else {"value": value})
    return made


def _sourced(value: Any) -> Any:
    return {"source": _OWN, **value} if isinstance(value, dict) else value


def _laid_over(below: dict[str, Any], above: dict[str, Any], file: Path) -> dict[str, Any]:
    """The upper words over the lower ones: by source, by provider, by model, by fact."""
    strange = sorted(set(above) - _TOP)
    if strange:
        raise UsageError(f"{file}: there is no word `{strange[0]}`; there are sources, providers")
    providers = dict(below["providers"])
    for name, words in above["providers"].items():
        known = providers.get(name, {})
        models = dict(known.get("models", {}))
        for key, model in words["models"].items():
            old = models.get(key, {})
            models[key] = {**old, **model} if isinstance(model, dict) else model
        providers[name] = {**known, **words, "models": models}
    return {"sources": {**below["sources"], **above["sources"]}, "providers": providers}


def _convert(words: Mapping[str, Any], file: str) -> Catalog:
    sources = {
        name: _struct(page, Page, f"{file}: sources.{name}")
        for name, page in words["sources"].items()
    }
    providers = {}
    for name, provider in words["providers"].items():
        where = f"{file}: providers.{name}"
        bare = {word: value for word, value in provider.items() if word != "models"}
        models = {
            key: _struct(model, Model, f'{where}.models."{key}"')
            for key, model in provider.get("models", {}).items()
        }
        known = _struct(bare, Provider, where)
        providers[name] = structs.replace(known, name=name, models=models)
    catalog = Catalog(sources, providers)
    _check_sources(catalog, file)
    return catalog


def _struct(words: Any, kind: type[S], where: str) -> S:
    try:
        return msgspec.convert(words, kind)
    except msgspec.ValidationError as error:
        said, found, path = str(error).partition(" - at `$")
        raise UsageError(f"{where}{path.removesuffix('`') if found else ''}: {said}") from None


def _check_sources(catalog: Catalog, file: str) -> None:
    for path, facts in catalog.all_facts():
        for name, source in _named(facts):
            if source not in catalog.sources:
                known = f"{file}: {path}.{name}.source"
                raise UsageError(f"{known}: there is no [sources.{source}]; write one")


def _named(facts: Facts) -> Iterable[tuple[str, str]]:
    yield from facts.named()
    if isinstance(facts, Model) and facts.parameters is not None:
        yield "parameters", facts.parameters.source


PROVIDERS: Mapping[str, Provider] = shipped_catalog().providers
"""Every provider that ships, by the platform's word for it."""
