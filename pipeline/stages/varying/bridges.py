"""Places inside a template that vary a little: a list that a few of the items may miss.

What such a place holds is no template word for word, and it says next to nothing of what the
run is about; left in, it would make unrelated runs alike. Imports this room's `families`,
`scripts` and `slots`.
"""

from collections.abc import Sequence

from pipeline.stages.varying.families import BARRIER
from pipeline.stages.varying.scripts import whole_words
from pipeline.stages.varying.slots import Cover, hold_a_list

__all__ = ["Bridge", "cut_bridges", "list_bridges"]

Bridge = tuple[str, str, int]
"""The words before and after the place, and how many characters it may hold at most."""
_PIER = 60


def list_bridges(texts: Sequence[str], covers: Sequence[Sequence[Cover]]) -> tuple[Bridge, ...]:
    """Bridges over the places between the covers that hold nearly the same in every text."""
    if len({len(each) for each in covers}) > 1:
        return ()
    found: list[Bridge] = []
    for place in range(len(covers[0]) - 1):
        gaps = [(each[place][1], each[place + 1][0]) for each in covers]
        contents = [text[slice(*gap)].strip() for text, gap in zip(texts, gaps, strict=True)]
        if hold_a_list(contents):
            (start, end), (begin, stop) = covers[0][place : place + 2]
            before = whole_words(texts[0], max(start, end - _PIER), end)
            after = whole_words(texts[0], begin, min(stop, begin + _PIER))
            found.append((before, after, 2 * max(map(len, contents))))
    return tuple(found)


def cut_bridges(text: str, bridges: Sequence[Bridge]) -> str:
    """The text without what stands between the ends of each bridge."""
    for before, after, longest in bridges:
        start = text.find(before)
        if start < 0:
            continue
        start += len(before)
        end = text.find(after, start, start + longest + len(after))
        if end > start:
            text = f"{text[:start]}{BARRIER}{text[end:]}"
    return text
