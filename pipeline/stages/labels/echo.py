"""The answer repeats the prompt: the user's last turn, or the whole system message.

Who asks to copy, correct or translate may rightly get the same words back; `echo.toml` has the
words by which such prompts are known. Imports the phrases' reader.
"""

import re
from functools import lru_cache

from pipeline.records import Rejected
from pipeline.stages.inputs import normalize_text
from pipeline.stages.labels.label import Label, ends_of, refuse, text_of_prompt
from pipeline.stages.labels.phrases import fold, load_table, quote

__all__ = ["echo"]

_SHORTEST = 20
"""Characters of an answer that equals the question."""
_SHORTEST_PART = 80
"""Characters of a prompt that the answer holds, or holds nearly all of."""
_MOST_BESIDES = 1.2
"""The longer of the two over the shorter."""
_LOOK = 30
_WHOLE_WORDS = 3
"""Of so many words in a row, one in the middle is whole."""
_SAME = 1.5
"""Lengths further apart than this are not even normalized: white space makes no such difference."""


def echo(label: Label) -> Rejected | None:
    """Whether the answer says what the prompt said."""
    if not label.is_prose or len(label.text) < _SHORTEST:
        return None
    question = label.question()
    if _near(label.text, question) and _repeats(label.text, question):
        return None if _asks_to_copy(label) else _say(label, "the user's last turn")
    first = label.record.messages[0]
    if first.role != "system":
        return None
    system = text_of_prompt(first)
    if len(system) < _SHORTEST_PART or not _near(label.text, system):
        return None
    if not _repeats(label.text, system):
        return None
    return None if _asks_to_copy(label) else _say(label, "the system message")


def _say(label: Label, what: str) -> Rejected:
    return refuse("prompt_echo", f"the answer repeats {what}: {quote(label.text)}")


def _near(answer: str, prompt: str) -> bool:
    return len(answer) <= _SAME * len(prompt) and len(prompt) <= _SAME * len(answer)


def _repeats(answer: str, prompt: str) -> bool:
    if not _shares_a_word(answer, prompt):
        return False
    said, asked = normalize_text(answer), normalize_text(prompt)
    if len(said) < _SHORTEST:
        return False
    if said == asked:
        return True
    short, long = sorted((said, asked), key=len)
    return (
        len(short) >= _SHORTEST_PART and len(long) <= _MOST_BESIDES * len(short) and short in long
    )


def _shares_a_word(answer: str, prompt: str) -> bool:
    """Whether a word in the middle of the answer is in the prompt; a look before the whole work."""
    middle = len(answer) // 2
    words = answer[middle : middle + _LOOK].split()
    if len(words) < _WHOLE_WORDS or not (answer.isascii() and prompt.isascii()):
        return True
    return words[1].lower() in prompt.lower()


def _asks_to_copy(label: Label) -> bool:
    return any(_copying().search(fold(ends_of(prompt))) for prompt in label.prompts())


@lru_cache(maxsize=1)
def _copying() -> re.Pattern[str]:
    """A beginning of a word that is in the list; in languages without spaces, anywhere."""
    words = sorted(set(map(fold, load_table("echo.toml")["copying"])))
    either = "|".join(
        re.escape(word) if _has_no_spaces(word) else rf"(?<!\w){re.escape(word)}" for word in words
    )
    return re.compile(either)


def _has_no_spaces(word: str) -> bool:
    return bool(re.search("[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]", word))
