"""Rules of preferences as OpenAI writes them: an input and two outputs. Imports `format`."""

from collections.abc import Iterator, Mapping
from typing import Any

from pipeline.formats.format import Problem, Rule
from pipeline.formats.rules.tools import results_answer_calls

__all__ = ["PREFERENCE_RULES", "break_preference_rules"]

PREFERENCE_RULES: Mapping[str, Rule] = {
    "prompt-end": Rule(
        "The input does not end with the assistant's message",
        "put the assistant's last message into the outputs",
        why="the outputs are the assistant's next message; a prompt of chat ends before it",
    ),
    "same-outputs": Rule(
        "The two outputs differ",
        "leave the line out",
        why="equal outputs have a margin of zero whatever the model says: nothing is learnt",
    ),
}
"""Our own rules; no provider's page states them."""


def break_preference_rules(line: dict[str, Any]) -> Iterator[Problem]:
    """`prompt-end`, `same-outputs`, and the rules on calls of tools in the input."""
    messages = line["input"]["messages"]
    if messages[-1]["role"] == "assistant":
        pointer = f"/input/messages/{len(messages) - 1}/role"
        yield Problem("prompt-end", pointer, "the input ends with the assistant's message")
    if line["preferred_output"] == line["non_preferred_output"]:
        said = "is the preferred output as well"
        yield Problem("same-outputs", "/non_preferred_output", said)
    yield from results_answer_calls(messages, "/input/messages")
    for side in ("preferred_output", "non_preferred_output"):
        yield from results_answer_calls(line[side], f"/{side}")
