"""What a counter is: the tokens of one example as a provider bills them. Imports `records`."""

from collections.abc import Sequence
from typing import Protocol

from pipeline.records import ChatRecord

__all__ = ["TextLengths", "TokenCounter"]


class TextLengths(Protocol):
    """Counts the tokens of bare texts. Implementations are picklable and hold no tokenizer."""

    def count_texts(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text by itself. Never raises, whatever the texts."""


class TokenCounter(Protocol):
    """Counts the training tokens of records. Implementations are picklable and stateless."""

    @property
    def name(self) -> str:
        """The tokenizer: `o200k_base`, `mistral-tekken-v3`, or `characters` for the estimate."""

    @property
    def exact(self) -> bool:
        """Whether the texts are counted with the model's own tokenizer.

        The few tokens around them follow the provider's published rule, and where there is none,
        the one in docs/tokens.md.
        """

    @property
    def error(self) -> float | None:
        """Mean relative error of an estimate, 0 to 1; None where it is exact or not measured.

        `benchmarks/tokens.py` measures it on made-up texts in 30 languages, code and data.
        """

    @property
    def note(self) -> str | None:
        """What stands behind the choice, one sentence without a stop; None where nothing does."""

    def count_texts(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text by itself. Never raises, whatever the texts."""

    def count(self, record: ChatRecord) -> int:
        """The training tokens of one example, prompt and answer."""

    def count_all(self, records: Sequence[ChatRecord]) -> list[int]:
        """The same for many; a text that repeats is counted once."""
