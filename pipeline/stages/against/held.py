"""How much of an item stands together in one place of a longer text.

A very long text holds most 5-grams of its language somewhere, so the share of an item's 5-grams
that it has says little; what counts is a stretch at most twice as long as the item. Imports
nothing of the package.
"""

from collections import Counter, deque

__all__ = ["held_share", "needed_share"]

_SIZE = 5
_ROOM = 2


def needed_share(threshold: float) -> float:
    """The share that two texts of one length have in common whose Jaccard index is the threshold.

    So an item inside a longer input has to be as near as one that is the whole input.
    """
    return 2 * threshold / (1 + threshold)


def held_share(item: str, text: str) -> float:
    """The largest share, 0 to 1, of the item's 5-grams within one such stretch of the text."""
    wanted = {item[at : at + _SIZE] for at in range(max(len(item) - _SIZE + 1, 1))}
    if item in text:
        return 1.0
    stretch = _ROOM * len(item) - _SIZE
    inside: deque[tuple[int, str]] = deque()
    counts: Counter[str] = Counter()
    most = 0
    for at in range(len(text) - _SIZE + 1):
        gram = text[at : at + _SIZE]
        if gram not in wanted:
            continue
        inside.append((at, gram))
        counts[gram] += 1
        while inside[0][0] < at - stretch:
            _, left = inside.popleft()
            counts[left] -= 1
            if not counts[left]:
                del counts[left]
        most = max(most, len(counts))
    return most / len(wanted)
