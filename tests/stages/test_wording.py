"""Which words differ: nothing is lost but what is said to be left out."""

from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.wording import Piece, differing_words

WORDS = st.lists(st.sampled_from(["lamp", "sofa", "late", "not"]), max_size=8).map(" ".join)


@given(WORDS, WORDS)
def test_both_texts_can_be_put_together_again(left: str, right: str) -> None:
    pieces = differing_words(left, right)
    for text, kind in ((left, "left"), (right, "right")):
        told = [piece.text for piece in pieces if piece.kind in ("same", kind)]
        assert " ".join(told) == text


def test_the_words_that_differ_are_shown_with_some_around_them() -> None:
    begin, end = [f"a{at}" for at in range(50)], [f"z{at}" for at in range(40)]
    left, right = " ".join([*begin, "old", "word", *end]), " ".join([*begin, "new", *end])
    assert differing_words(left, right) == (
        Piece("left_out", "42 words"),
        Piece("same", " ".join(begin[-8:])),
        Piece("left", "old word"),
        Piece("right", "new"),
        Piece("same", " ".join(end[:8])),
        Piece("left_out", "32 words"),
    )


def test_very_long_texts_are_compared_at_their_first_words() -> None:
    left, right = " ".join(f"l{at}" for at in range(9000)), " ".join(f"r{at}" for at in range(50))
    pieces = differing_words(left, right)
    assert pieces[-1] == Piece("left_out", "5,000 words more")
    assert len(pieces[0].text.split()) == 4000
