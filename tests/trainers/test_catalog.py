"""The catalog that ships has a source for every fact, and a user's file is laid over it."""

from datetime import date
from pathlib import Path

import pytest

from pipeline.errors import SourceUnreadable, UsageError
from pipeline.formats import FORMATS
from pipeline.trainers import PROVIDERS, candidates, find_target, load_catalog
from pipeline.trainers.target import read_parameters

TO_COME = {
    "azure", "gemini", "gemini-preference", "bedrock-nova", "bedrock-claude", "bedrock-text",
    "mistral", "together", "together-dpo", "fireworks", "cohere", "trl", "trl-completion",
    "trl-dpo",
}  # fmt: skip
"""Formats that a provider is known to take, whether or not this version has them."""


def write(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_every_fact_that_ships_was_read_somewhere_on_a_day() -> None:
    catalog = load_catalog()
    for path, facts in catalog.all_facts():
        for name, source in facts.named():
            page = catalog.page(source)
            assert page.page, f"{path}.{name}"
            assert page.read is not None, f"{path}.{name}"
            assert page.confidence in ("primary", "mirror", "secondary")


def test_every_source_that_ships_is_used() -> None:
    catalog = load_catalog()
    used = {source for _, facts in catalog.all_facts() for _, source in facts.named()}
    assert used == set(catalog.sources)


def test_every_copy_and_every_hearsay_says_what_it_is() -> None:
    for name, page in load_catalog().sources.items():
        if page.confidence == "secondary" and name != "google-newer":
            assert page.note, name


def test_every_format_of_a_provider_is_built_or_to_come() -> None:
    for provider in PROVIDERS.values():
        assert set(provider.formats) <= {*FORMATS, *TO_COME}, provider.name
        assert provider.formats


@pytest.mark.parametrize(
    ("provider", "model", "row"),
    [
        ("openai", "gpt-4.1-mini-2025-04-14", "gpt-4.1-mini-2025-04-14"),
        ("openai", "gpt-4.1-mini", "gpt-4.1-mini-2025-04-14"),
        ("openai", "ft:gpt-4.1-2025-04-14:acme::AbC1", "gpt-4.1-2025-04-14"),
        ("openai", "gpt-5", None),
        ("openai", "gpt-4.1-mini-2026-01-01", None),
        ("azure_openai", "gpt-4.1-nano", "gpt-4.1-nano*"),
        ("azure_openai", "gpt-4.1-2025-04-14.ft-0123", "gpt-4.1*"),
        ("bedrock", "us.amazon.nova-lite-v1:0", "amazon.nova-lite-*"),
        ("bedrock", "amazon.nova-2-lite-v1:0:256k", "amazon.nova-2-lite-*"),
        ("vertexai", "publishers/google/models/gemini-2.5-flash-lite", "gemini-2.5-flash-lite*"),
        ("vertexai", "gemini-2.5-flash-001", "gemini-2.5-flash*"),
        ("test", "anything", "*"),
    ],
)
def test_the_longest_key_that_fits_is_the_model_s(
    provider: str, model: str, row: str | None
) -> None:
    assert find_target(load_catalog(), provider, model).row == row
    assert PROVIDERS[provider].trains(model) == (row is not None)


def test_what_a_model_does_not_say_is_its_provider_s() -> None:
    catalog = load_catalog()
    known = find_target(catalog, "openai", "gpt-4.1-mini").facts
    assert known.closes is not None
    assert known.closes.value == date(2027, 1, 6)
    assert known.min_examples is not None
    nova = find_target(catalog, "bedrock", "amazon.nova-2-lite-v1:0").facts
    assert nova.min_examples is not None
    assert nova.min_examples.value == 200


def test_an_unknown_provider_has_no_facts() -> None:
    target = find_target(load_catalog(), "nobody", "some-model")
    assert target.provider is None
    assert list(target.facts.named()) == []
    assert target.name == "some-model"


def test_of_several_providers_the_one_whose_own_format_is_asked_for() -> None:
    catalog = load_catalog()
    assert candidates(catalog, "gpt-4.1-mini", ["openai"]) == ["openai"]
    assert candidates(catalog, "gpt-4.1-mini", ["gemini", "azure"]) == ["azure_openai"]
    assert candidates(catalog, "gpt-4.1-mini", ["openai-dpo"]) == ["openai"]
    assert candidates(catalog, "gpt-4.1-mini", ["gemini"]) == ["openai", "azure_openai"]
    assert candidates(catalog, "nobody-has-it", ["openai"]) == []


@pytest.mark.parametrize(
    ("model", "billions"),
    [
        ("Qwen/Qwen3.5-9B", 9),
        ("qwen3-235b-a22b-instruct", 235),
        ("mixtral-8x7b-instruct", 56),
        ("qwen2p5-0p5b", 0.5),
        ("Qwen3.5-0.8B", 0.8),
        ("Llama-4-Scout-17B-16E-Instruct", None),
        ("gpt-4.1-mini", None),
        ("b2b-assistant", None),
        ("gemma-4-26B-A4B-it", 26),
    ],
)
def test_the_size_in_a_model_s_name(model: str, billions: float | None) -> None:
    assert read_parameters(model) == billions


@pytest.mark.parametrize(
    ("provider", "model", "method", "price"),
    [
        ("fireworks", "accounts/fireworks/models/llama-v3p1-8b-instruct", "sft", 0.5),
        ("fireworks", "accounts/fireworks/models/some-16b", "sft", 0.5),
        ("fireworks", "accounts/fireworks/models/some-70b", "dpo", 6.0),
        ("fireworks", "accounts/fireworks/models/some-671b", "sft", 10.0),
        ("fireworks", "accounts/fireworks/models/deepseek-v3", "sft", None),
        ("togetherai", "Qwen/Qwen3.5-9B", "sft", 0.34),
        ("togetherai", "mistralai/Mixtral-8x7B-Instruct-v0.1", "sft", 1.5),
        ("openai", "gpt-4.1-mini", "dpo", 5.0),
        ("azure_openai", "gpt-4.1-mini", "sft", None),
        ("vertexai", "gemini-2.5-pro", "sft", 25.0),
    ],
)
def test_the_price_of_a_model_and_a_method(
    provider: str, model: str, method: str, price: float | None
) -> None:
    found = find_target(load_catalog(), provider, model).price(method)  # type: ignore[arg-type]
    assert (found.per_million if found else None) == price


def test_a_user_s_file_changes_a_price_and_leaves_the_rest(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        [providers.openai.models."gpt-4.1-mini-2025-04-14"]
        prices = [{ per_million = 4.0 }]
        context = 32768
        """,
    )
    target = find_target(load_catalog(path), "openai", "gpt-4.1-mini")
    price = target.price("sft")
    assert price is not None
    assert price.per_million == 4.0
    assert target.facts.context is not None
    assert target.facts.context.value == 32768
    assert target.pages["own"].page == "own.toml"
    assert target.facts.retires is not None
    assert load_catalog().providers["openai"] == PROVIDERS["openai"]


def test_a_user_s_file_adds_a_model_and_a_provider(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        """
        [sources.contract]
        page = "the contract"
        read = 2026-11-01
        [providers.openai.models."gpt-next*"]
        closes = { value = 2030-01-01, source = "contract" }
        [providers.house]
        title = "Our own cluster"
        formats = ["openai"]
        offered = true
        epochs = { rule = "fixed", default = 2 }
        [providers.house.models."llama-*"]
        parameters = 8.0
        """,
    )
    catalog = load_catalog(path)
    added = find_target(catalog, "openai", "gpt-next-mini")
    assert added.facts.closes is not None
    assert added.facts.closes.value == date(2030, 1, 1)
    assert added.pages["contract"].read == date(2026, 11, 1)
    house = find_target(catalog, "house", "llama-x")
    assert house.provider is not None
    assert (house.provider.name, house.row, house.parameters) == ("house", "llama-*", 8.0)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[providers.openai]\ncloses = 'soon'\n", "providers.openai.closes.value"),
        ("[providers.openai]\ncolour = 3\n", "providers.openai: Object contains unknown field"),
        (
            '[providers.openai.models."gpt-4.1"]\ncontext = 1.5\n',
            'providers.openai.models."gpt-4.1".context.value',
        ),
        (
            "[providers.openai.models.x]\nprices = [{ per_million = -1.0 }]\n",
            'providers.openai.models."x".prices[0]: per_million must not be negative',
        ),
        ("[providers.openai]\nmodels = 3\n", "expected a table at `models`"),
        ("providers = 3\n", "expected a table at `providers`"),
        ("[providers]\nopenai = 3\n", "providers.openai: expected a table"),
        ("[providers.openai.models]\nx = 3\n", 'providers.openai.models."x"'),
        ("[provider.openai]\n", "there is no word `provider`"),
        ("[providers.house]\nformats = ['openai']\n", "providers.house: Object missing required"),
        (
            "[providers.openai]\nepochs = { rule = 'fixed' }\n",
            "providers.openai.epochs: epochs of rule fixed need a default",
        ),
        (
            "[providers.openai]\ncontext = { value = 3, source = 'nowhere' }\n",
            "providers.openai.context.source: there is no [sources.nowhere]",
        ),
        (
            "[providers.openai.models.x]\nparameters = { value = 3.0, source = 'nowhere' }\n",
            'models."x".parameters.source: there is no [sources.nowhere]',
        ),
        ("[sources.x]\nread = 2026-01-01\n", "sources.x: Object missing required field `page`"),
        ("not toml at all", "is not TOML"),
    ],
)
def test_a_wrong_word_is_named_by_its_path(tmp_path: Path, text: str, said: str) -> None:
    path = write(tmp_path, text)
    with pytest.raises(UsageError) as caught:
        load_catalog(path)
    assert said in str(caught.value)
    assert str(caught.value).startswith(str(path))


def test_a_file_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SourceUnreadable, match=r"gone\.toml: cannot be read"):
        load_catalog(tmp_path / "gone.toml")
