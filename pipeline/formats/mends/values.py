"""Values that say the right thing in the wrong type."""

from collections.abc import Iterator
from typing import Any

import msgspec

from pipeline.formats.format import Mend
from pipeline.formats.mends.places import Places, calls_in, each_message

__all__ = [
    "arguments_as_objects",
    "arguments_as_text",
    "output_weights_dropped",
    "results_as_text",
    "trained_weights_dropped",
    "weights_as_numbers",
    "weights_of_others_dropped",
]

_Object = dict[str, Any]


def arguments_as_text(places: Places) -> Mend:
    """Arguments of calls as JSON in a string, as OpenAI and those who copy it want them."""

    def apply(line: _Object) -> Iterator[str]:
        for pointer, call in calls_in(line, places):
            function = call.get("function")
            if isinstance(function, dict) and isinstance(function.get("arguments"), dict):
                function["arguments"] = _text(function["arguments"])
                yield f"{pointer}/function/arguments"

    return Mend("arguments_as_text", "Arguments that are an object are written as a string", apply)


def arguments_as_objects(places: Places) -> Mend:
    """Arguments of calls as objects, as chat templates want them."""

    def apply(line: _Object) -> Iterator[str]:
        for pointer, call in calls_in(line, places):
            function = call.get("function")
            if isinstance(function, dict) and isinstance(function.get("arguments"), str):
                found = _object(function["arguments"])
                if found is not None:
                    function["arguments"] = found
                    yield f"{pointer}/function/arguments"

    says = "Arguments that are a string are written as the object in it"
    return Mend("arguments_as_objects", says, apply)


def results_as_text(places: Places) -> Mend:
    """Results of tools as text; the model reads them and is not trained on them."""
    says = "Results of tools that are no text are written as JSON in a string"
    return each_message("results_as_text", says, places, _write_result)


def weights_as_numbers(places: Places) -> Mend:
    """Weights as 0 or 1."""
    says = "Weights that are true, false, 1.0 or 0.0 are written as 1 and 0"
    return each_message("weights_as_numbers", says, places, _write_weight)


def weights_of_others_dropped(places: Places) -> Mend:
    """A weight of 0 on a message that is not trained anyway."""
    says = "A weight of 0 goes from a message that is not the assistant's"
    return each_message("weights_of_others_dropped", says, places, _drop_weight)


def output_weights_dropped(places: Places) -> Mend:
    """A weight of 1 on an answer of a preference, which is trained anyway."""
    says = "A weight of 1 goes from an answer"
    answers = Places(messages=places.messages[1:], tools=places.tools)
    return each_message("output_weights_dropped", says, answers, _drop_one)


def trained_weights_dropped(places: Places) -> Mend:
    """A weight of 1 on the assistant's turns, for a format that trains them all."""
    says = "A weight of 1 goes from the assistant's messages"
    return each_message("trained_weights_dropped", says, places, _drop_trained)


def _text(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def _object(text: str) -> _Object | None:
    try:
        found = msgspec.json.decode(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _write_result(message: _Object) -> bool:
    content = message.get("content")
    if message.get("role") != "tool" or content is None or isinstance(content, str):
        return False
    if isinstance(content, list) and all(
        isinstance(one, dict) and "type" in one for one in content
    ):
        return False
    message["content"] = _text(content)
    return True


def _is_part(value: Any) -> bool:
    return isinstance(value, dict) and "type" in value


def _write_weight(message: _Object) -> bool:
    weight = message.get("weight")
    if not isinstance(weight, bool | float) or weight not in (0, 1):
        return False
    message["weight"] = int(weight)
    return True


def _drop_weight(message: _Object) -> bool:
    weight = message.get("weight", 1)
    if message.get("role") == "assistant" or isinstance(weight, str) or weight != 0:
        return False
    del message["weight"]
    return True


def _drop_one(message: _Object) -> bool:
    if message.get("weight") != 1:
        return False
    del message["weight"]
    return True


def _drop_trained(message: _Object) -> bool:
    return message.get("role") == "assistant" and _drop_one(message)
