"""Providers as facts: what their datasets look like and which models they train.

Data only: importing it imports no SDK and opens no socket. Endpoints of real providers are not
built yet; `test` is the rehearsal, which trains nothing.
"""

from collections.abc import Mapping

from msgspec import Struct

__all__ = ["PROVIDERS", "Provider"]


class Provider(Struct, frozen=True):
    """One provider."""

    name: str
    """The platform's word for it in an environment."""
    dataset_format: str
    """Name of the format of its training files."""
    trainable: tuple[str, ...]
    """Beginnings of the model ids that it trains; an empty one fits all."""
    built: bool = False
    """Whether this version can start its jobs."""


PROVIDERS: Mapping[str, Provider] = {
    provider.name: provider
    for provider in (
        Provider("test", "openai", ("",), built=True),
        # developers.openai.com/api/docs/guides/supervised-fine-tuning, read 2026-11-23
        Provider("openai", "openai", ("gpt-4.1-",)),
        # learn.microsoft.com, fine-tuning models of Azure OpenAI, read 2026-11-23
        Provider("azure_openai", "openai", ("gpt-4.1", "gpt-4o-2024-08-06")),
        # docs.aws.amazon.com/nova, fine-tuning, read 2026-11-23
        Provider("bedrock", "bedrock-nova", ("amazon.nova-", "us.amazon.nova-")),
        # docs.cloud.google.com, supervised tuning of Gemini, read 2026-11-23
        Provider("vertexai", "gemini", ("publishers/google/models/gemini-2.5-",)),
    )
}
"""Every provider that is known to train, by name."""
