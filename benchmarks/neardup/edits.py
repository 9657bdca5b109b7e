"""How one made-up input becomes another: one word edited, look-alike, paraphrase.

An input is a list of turns, a turn a list of words; the language joins them. Likeness is computed
by `similarity.py`, which shares no code with the package.
"""

import random
from collections.abc import Callable

from similarity import jaccard, normalized, shingles
from words import Language

__all__ = ["Turns", "edited", "invented", "likeness", "looking_alike", "paraphrased", "spoken"]

Turns = list[list[str]]
TRIES = 200


def invented(language: Language, rng: random.Random, turns: int) -> Turns:
    """Turns that nobody has said before: words at random, and a number in each."""
    made = []
    for _ in range(turns):
        words = rng.choices(language.words, k=rng.randint(*_lengths(language)))
        made.append([*words, str(rng.randint(1_000, 999_999))])
        rng.shuffle(made[-1])
    return made


def _lengths(language: Language) -> tuple[int, int]:
    return (14, 40) if language.space else (22, 55)


def spoken(language: Language, words: list[str]) -> str:
    """The words as sentences of eight."""
    cuts = (words[at : at + 8] for at in range(0, len(words), 8))
    return language.stop.join(language.space.join(cut) for cut in cuts) + language.stop.strip()


def likeness(language: Language, one: Turns, other: Turns) -> float:
    """Of two inputs, by the rule: Jaccard over character 5-grams."""
    texts = (
        normalized("\n".join(spoken(language, turn) for turn in made)) for made in (one, other)
    )
    return jaccard(*(shingles(text) for text in texts))


def edited(language: Language, turns: Turns, rng: random.Random) -> Turns:
    """One word added, taken, replaced or misspelt, so that the inputs stay at least 0.8 alike."""
    for _ in range(TRIES):
        changed = rng.choice((_added, _taken, _replaced, _misspelt))(language, turns, rng)
        if 0.8 <= likeness(language, turns, changed) < 1:
            return changed
    raise ValueError(f"no edit of one word leaves 0.8 of {turns}; use longer inputs")


def looking_alike(language: Language, turns: Turns, rng: random.Random) -> Turns:
    """Words replaced one after another until the likeness is below a drawn mark under 0.8."""
    mark, changed = rng.uniform(0.55, 0.795), turns
    while likeness(language, turns, changed) >= mark:
        changed = _replaced(language, changed, rng)
    return changed


def paraphrased(language: Language, turns: Turns, rng: random.Random) -> Turns:
    """The same things said in other words and in another order."""
    second = {word: pair for one, other in language.pairs for word, pair in _both(one, other)}
    changed = turns
    while changed == turns or likeness(language, turns, changed) >= 0.75:
        changed = [[second.get(word, word) for word in turn] for turn in turns]
        for turn in changed:
            rng.shuffle(turn)
            turn.insert(rng.randrange(len(turn)), rng.choice(language.others))
    return changed


def _both(one: str, other: str) -> tuple[tuple[str, str], tuple[str, str]]:
    return (one, other), (other, one)


def _added(language: Language, turns: Turns, rng: random.Random) -> Turns:
    return _in_one_turn(turns, rng, lambda _word: [_word, rng.choice(language.words)])


def _taken(_language: Language, turns: Turns, rng: random.Random) -> Turns:
    return _in_one_turn(turns, rng, lambda _word: [])


def _replaced(language: Language, turns: Turns, rng: random.Random) -> Turns:
    return _in_one_turn(turns, rng, lambda _word: [rng.choice(language.words)])


def _misspelt(_language: Language, turns: Turns, rng: random.Random) -> Turns:
    return _in_one_turn(turns, rng, lambda word: [word[1:2] + word[:1] + word[2:]])


def _in_one_turn(turns: Turns, rng: random.Random, change: Callable[[str], list[str]]) -> Turns:
    place = rng.randrange(len(turns))
    words = turns[place]
    at = rng.randrange(len(words))
    said = [*words[:at], *change(words[at]), *words[at + 1 :]]
    return [*turns[:place], said, *turns[place + 1 :]]
