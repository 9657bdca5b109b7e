"""Execution environments: a provider's account that the platform calls models in."""

from msgspec import Struct

__all__ = ["AIModel", "Environment", "EnvironmentRef"]


class EnvironmentRef(Struct, frozen=True, omit_defaults=True):
    """An environment as sessions and runs name it."""

    id: str
    name: str | None = None
    provider: str | None = None


class AIModel(Struct, frozen=True, omit_defaults=True):
    """A model of an environment; what `trainable-models` lists."""

    id: str
    name: str | None = None
    provider: str | None = None


class Environment(Struct, frozen=True, omit_defaults=True):
    """An environment in full."""

    id: str
    name: str
    provider: str
    default_model: str | None = None
    enabled_models: tuple[AIModel, ...] = ()
