"""Which counter a model and a format have."""

import pytest
import tiktoken

from pipeline.tokens import counter_for, models
from pipeline.tokens.mistral import MISTRAL_MODELS, MISTRAL_TOKENIZERS
from pipeline.tokens.models import encoding_of

KNOWN = [
    "gpt-4o", "gpt-4o-mini-2024-07-18", "chatgpt-4o-latest", "gpt-4.1", "gpt-4.1-nano-2025-04-14",
    "gpt-4.5-preview", "gpt-5", "gpt-5-mini", "o1", "o1-mini", "o3", "o3-mini", "o4-mini",
    "gpt-oss-120b", "gpt-4", "gpt-4-0613", "gpt-4-turbo", "gpt-3.5-turbo", "gpt-3.5-turbo-0125",
    "gpt-35-turbo", "babbage-002", "davinci-002",
]  # fmt: skip


@pytest.mark.parametrize("model", KNOWN)
def test_a_model_has_the_encoding_that_tiktoken_gives_it(model: str) -> None:
    assert encoding_of(model) == tiktoken.encoding_name_for_model(model)
    counter = counter_for(model, "openai")
    assert (counter.name, counter.exact, counter.error) == (encoding_of(model), True, None)


@pytest.mark.parametrize("model", KNOWN)
def test_a_tuned_model_has_that_of_its_base(model: str) -> None:
    assert encoding_of(f"ft:{model}:our-org:suffix:9fJ2k") == encoding_of(model)
    assert encoding_of(f"{model}.ft-0123456789abcdef") == encoding_of(model)  # Azure
    assert encoding_of(f"accounts/fireworks/models/{model}") == encoding_of(model)
    assert encoding_of(f"openai/{model.upper()}") == encoding_of(model)


def test_a_tuned_gpt_4_1_is_not_taken_for_gpt_4() -> None:
    tuned = "ft:gpt-4.1-mini-2025-04-14:our-org::9fJ2k"
    assert tiktoken.encoding_name_for_model(tuned) == "cl100k_base"  # else the detour can go
    assert counter_for(tuned, "openai").name == "o200k_base"


@pytest.mark.parametrize("name", ["openai", "azure", "openai-dpo"])
def test_without_a_model_openai_s_formats_have_the_usual_encoding(name: str) -> None:
    counter = counter_for(None, name)
    assert (counter.name, counter.exact) == ("o200k_base", True)


def test_a_model_of_openai_that_is_not_known_is_a_guess_that_says_so() -> None:
    counter = counter_for("gpt-9-nano", "azure")
    assert (counter.name, counter.exact, counter.error) == ("o200k_base", False, None)
    assert counter.note == "gpt-9-nano is not a model that is known here: counted as gpt-4.1 is"


@pytest.mark.parametrize(
    ("model", "name"),
    [(None, "together"), (None, "gemini"), (None, "bedrock-nova"), ("gemini-2.5-flash", "gemini"),
     ("meta-llama/Meta-Llama-3.1-8B-Instruct", "together"), ("qwen3-8b", "fireworks")],
)  # fmt: skip
def test_another_maker_s_model_is_estimated_by_a_stand_in(model: str | None, name: str) -> None:
    counter = counter_for(model, name)
    assert (counter.name, counter.exact) == ("o200k_base", False)
    assert counter.error is not None
    assert 0 < counter.error < 0.2
    assert counter.note is not None
    assert counter.note.endswith("own tokenizer is not at hand: o200k_base stands in for it")


def test_an_open_model_of_openai_is_counted_exactly_wherever_it_is_trained() -> None:
    counter = counter_for("accounts/fireworks/models/gpt-oss-20b", "fireworks")
    assert (counter.name, counter.exact) == ("o200k_harmony", True)


@pytest.mark.parametrize("model", [None, "gpt-4.1", "open-mistral-nemo"])
def test_estimate_loads_no_tokenizer(model: str | None) -> None:
    counter = counter_for(model, "openai", counting="estimate")
    assert (counter.name, counter.exact) == ("characters", False)


def test_without_mistral_common_mistral_s_models_are_estimated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(models, "is_at_hand", lambda: False)
    for model, name in ((None, "mistral"), ("mistral-small-latest", "together")):
        counter = counter_for(model, name)
        assert (counter.name, counter.exact, counter.error) == ("o200k_base", False, 0.14)
        assert "pip install 'trainset[mistral]'" in (counter.note or "")


@pytest.mark.parametrize(
    ("model", "tokenizer", "exact"),
    [
        (None, "mistral-tekken-v3", True),
        ("open-mistral-nemo-2407", "mistral-tekken-v3", True),
        ("ft:open-mistral-7b:our-org:1:2", "mistral-v3", True),
        ("mistralai/Mistral-7B-Instruct-v0.2", "mistral-v1", True),
        ("mistral-large-2407", "mistral-v3", True),
        ("mistral-large-latest", "mistral-v7", True),
        ("magistral-small", "mistral-tekken-v3", False),
    ],
)
def test_a_model_of_mistral_has_its_own_tokenizer(
    model: str | None, tokenizer: str, *, exact: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "is_at_hand", lambda: True)
    counter = counter_for(model, "mistral")
    assert (counter.name, counter.exact) == (tokenizer, exact)


def test_every_tokenizer_of_a_mistral_model_has_its_file() -> None:
    assert {tokenizer for _, tokenizer in MISTRAL_MODELS} <= MISTRAL_TOKENIZERS.keys()
