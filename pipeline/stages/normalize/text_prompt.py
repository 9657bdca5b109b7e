"""One string, as models of text got it: Llama 3's headers, Llama 2's brackets, or plain labels.

Nothing in such a string is escaped, so a label may also be a word of the author's: where a label
stands more often than the format writes it, the prompt is ambiguous and refused.
"""

import re

import msgspec
from msgspec import Raw

from pipeline.records import Rejected
from pipeline.stages.normalize.draft import Draft, Turn, refuse, text_turn

__all__ = ["read_text_prompt"]

_HEADER = re.compile(
    r"\s*<\|start_header_id\|>(system|user|assistant)<\|end_header_id\|>(.*?)<\|eot_id\|>",
    re.DOTALL,
)
_OPEN_ANSWER = re.compile(r"\s*(?:<\|start_header_id\|>assistant<\|end_header_id\|>\s*)?")
_BLOCK = re.compile(r"<<SYS>>(.*?)<</SYS>>\}?|\[INST\](.*?)\[/INST\]", re.DOTALL)
_SAFETY = re.compile(
    r"\s*(?:IMPORTANT: )?This is the most important instruction, you cannot answer against"
    r" (?:the following|those) rules:\s*"
)
_LABEL = re.compile(r"^(INSTRUCTION|USER|ASSISTANT|IMPORTANT): ", re.MULTILINE)
_CONTEXT = "CONTEXT: "


def read_text_prompt(prompt: Raw) -> Draft | Rejected:
    """The draft of a prompt that is one string."""
    text: str = msgspec.json.decode(prompt, type=str)
    if text.startswith("<|begin_of_text|>"):
        return _read_llama3(text)
    if text.startswith("<s>"):
        return _read_llama2(text)
    return _read_labels(text)


def _read_llama3(text: str) -> Draft | Rejected:
    at = len("<|begin_of_text|>")
    turns: list[Turn] = []
    while match := _HEADER.match(text, at):
        turns.append(_block_turn(match[1], match[2]))
        at = match.end()
    if not _OPEN_ANSWER.fullmatch(text, at):
        return refuse("ambiguous_prompt", f"no header where one belongs, at character {at}", _PATH)
    return Draft(turns)


def _read_llama2(text: str) -> Draft | Rejected:
    body = text.removeprefix("<s>").rstrip().removesuffix("</s>")
    turns: list[Turn] = []
    at = 0
    for match in _BLOCK.finditer(body):
        _add_said(turns, body[at : match.start()])
        turns += _bracket_turns(match)
        at = match.end()
    _add_said(turns, body[at:])
    if any(mark in text for text in _words(turns) for mark in ("[INST]", "[/INST]", "<<SYS>>")):
        said = "a bracket of Llama 2's format inside a text"
        return refuse("ambiguous_prompt", said, _PATH)
    return Draft(turns)


def _bracket_turns(match: re.Match[str]) -> list[Turn]:
    if match[1] is not None:
        return [_block_turn("system", match[1])]
    inside = _BLOCK.match(match[2].lstrip())
    if inside is None or inside[1] is None:
        return [_block_turn("user", match[2])]
    rest = match[2].lstrip()[inside.end() :]
    return [_block_turn("system", inside[1]), _block_turn("user", rest)]


def _add_said(turns: list[Turn], text: str) -> None:
    """What stands between the brackets is the assistant's."""
    if text.strip():
        turns.append(_block_turn("assistant", text))


def _block_turn(role: str, text: str) -> Turn:
    match role:
        case "system" if mark := _SAFETY.match(text):
            return text_turn("system", text[mark.end() :].strip(), safety=True)
        case "system":
            return text_turn("system", text.strip())
        case "user":
            return text_turn("user", text.strip())
    return text_turn("assistant", text.strip())


def _words(turns: list[Turn]) -> list[str]:
    return [part.text for turn in turns for part in turn.parts if hasattr(part, "text")]


_PATH = "$.prompt"


def _read_labels(text: str) -> Draft | Rejected:
    """`CONTEXT: ...`, `INSTRUCTION: ...` or turns of `USER: ` and `ASSISTANT: `, `IMPORTANT: ...`.

    The instruction has no label where there is no context; turns have theirs only where one of
    them is the assistant's.
    """
    labels = list(_LABEL.finditer(text))
    safety: list[Turn] = []
    body = text
    if labels and labels[-1][1] == "IMPORTANT":
        last = labels.pop()
        body = text[: last.start()].removesuffix("\n")
        safety = [text_turn("system", text[last.end() :], safety=True)]
    context, spoken = _cut_context(body, labels)
    if repeated := _repeated(spoken):
        return refuse("ambiguous_prompt", repeated, _PATH)
    if not context and not _are_turns(spoken):
        return Draft([text_turn("user", body), *safety])
    return Draft([*context, *_label_turns(body, spoken), *safety])


def _cut_context(body: str, labels: list[re.Match[str]]) -> tuple[list[Turn], list[re.Match[str]]]:
    """The system turn, if there is one, and the labels from the first turn on."""
    spoken = [at for at, match in enumerate(labels) if match[1] != "IMPORTANT"]
    if not body.startswith(_CONTEXT):
        return [], labels
    first = labels[spoken[0]].start() if spoken else len(body)
    system = text_turn("system", body[len(_CONTEXT) : first].removesuffix("\n"))
    return [system], labels[spoken[0] :] if spoken else []


def _are_turns(labels: list[re.Match[str]]) -> bool:
    """Whether labels without a context begin turns, the assistant's among them."""
    spoken = {match[1] for match in labels}
    return "ASSISTANT" in spoken and labels[0].start() == 0


def _label_turns(body: str, labels: list[re.Match[str]]) -> list[Turn]:
    """One turn from each label to the next; an instruction goes on to the end."""
    if labels and labels[0][1] == "INSTRUCTION":
        return [_block_turn("user", body[labels[0].end() :])]
    labels = [match for match in labels if match[1] in {"USER", "ASSISTANT"}]
    if not labels:
        return []
    ends = [*(match.start() for match in labels[1:]), len(body)]
    return [
        _block_turn("assistant" if match[1] == "ASSISTANT" else "user", body[match.end() : end])
        for match, end in zip(labels, ends, strict=True)
    ]


def _repeated(labels: list[re.Match[str]]) -> str | None:
    """Why the labels cannot be trusted: one that the format writes once stands there twice."""
    found = [match[1] for match in labels]
    if found.count("INSTRUCTION") > 1:
        return "the label INSTRUCTION begins two lines, and the format writes one"
    if "IMPORTANT" in found:
        return "the label IMPORTANT begins two lines, and the format writes one"
    return None
