"""What a format has no place for, in sentences. Imports `records`, `carries`, `contents`.

Each sentence begins with the format's name, which the caller puts before it.
"""

from collections.abc import Iterator
from itertools import groupby

from pipeline.formats.fitting.carries import Carries
from pipeline.formats.fitting.contents import image_type
from pipeline.formats.fitting.weighing import refuse_weights
from pipeline.records import ChatRecord, ImagePart, Message, Record

__all__ = ["refusals"]

_Turns = tuple[Message, ...]
_EXCHANGE = ["user", "assistant"]


def refusals(
    turns: _Turns, outputs: tuple[_Turns, ...], record: Record, carries: Carries
) -> Iterator[str]:
    """Every reason against the record; `outputs` are the answers of a preference."""
    yield from _refuse_systems(turns, carries)
    if record.tools and carries.tools == "refused":
        yield "has no place for tools"
    if carries.several_turns == "refused":
        roles = _roles_left(turns, carries)
        if len(roles) > len(_EXCHANGE):
            yield "takes one question and one answer, this conversation has more turns"
        elif isinstance(record, ChatRecord) and roles != _EXCHANGE:
            yield "takes a question and the answer to it, this conversation has none"
    if carries.answer_turns == "one" and any(len(one) > 1 for one in outputs):
        yield "takes answers of one message, one of these has several"
    if carries.example_weight == "refused" and record.weight not in (None, 1):
        yield "has no place for the weight of an example"
    answers = [one for output in outputs for one in output]
    yield from refuse_weights(answers or turns, carries)  # no prompt of a preference is trained
    for message in (*turns, *answers):
        if message.tool_calls or message.role == "tool":
            yield from _refuse_calls(message, carries)
        if isinstance(message.content, tuple):
            yield from _refuse_images(message, carries)


def _refuse_systems(turns: _Turns, carries: Carries) -> Iterator[str]:
    begun = False
    for message in turns:
        if message.role != "system":
            begun = True
        elif carries.system == "refused":
            yield "has no place for a system message"
        elif begun and carries.later_system == "refused":
            yield "takes system messages at the beginning alone"


def _roles_left(turns: _Turns, carries: Carries) -> list[str]:
    """Whose turns will be left; a system message becomes a question where there is none."""
    roles: list[str] = [message.role for message in turns if message.role != "system"]
    if carries.system == "into_user" and len(roles) < len(turns) and "user" not in roles:
        roles.insert(0, "user")
    if carries.same_role_turns == "merged":
        return [role for role, _ in groupby(roles)]
    return roles


def _refuse_calls(message: Message, carries: Carries) -> Iterator[str]:
    if carries.tools == "refused":
        yield "has no place for tool calls and their results"
    if message.tool_calls and message.content and carries.content_beside_calls == "refused":
        yield "takes no text beside a tool call"


def _refuse_images(message: Message, carries: Carries) -> Iterator[str]:
    for part in message.content or ():
        if isinstance(part, ImagePart):
            yield from _refuse_image(part, carries)
            if carries.image_turns == "user" and message.role != "user":
                yield "takes images in the user's turns alone"


def _refuse_image(image: ImagePart, carries: Carries) -> Iterator[str]:
    if not carries.images:
        yield "has no place for images"
    elif _lies_in(image) not in carries.images:
        yield f"takes no image from {_lies_in(image)}"
    elif carries.image_types and (found := image_type(image)) not in carries.image_types:
        yield f"takes no image of type {found}" if found else "has to be told an image's MIME type"


def _lies_in(image: ImagePart) -> str:
    if image.url is None:
        return "data"
    scheme = image.url.partition("://")[0].lower()
    return "https" if scheme == "http" else scheme
