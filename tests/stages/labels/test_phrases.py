"""How phrases are read."""

import re

import pytest

from pipeline.stages.labels.phrases import Grammar, fold, quote

WORDS = {"who": ["I", "we"], "cannot": ["{who} cannot", "{who} can't"]}


@pytest.mark.parametrize(
    ("phrase", "text", "matches"),
    [
        ("{cannot} help", "I can't help", True),
        ("{cannot} help", "WE CANNOT, help", True),
        ("{cannot} help", "they cannot help", False),
        ("{cannot} [really|ever] help", "I cannot really ever help", True),
        ("{cannot} [really|ever] help", "I cannot help", True),
        ("help [you|him]", "help", True),
        ("help [you|him]", "help him", True),
        ("help [you|him]", "help her", False),
        ("[please] help", "please help", True),
        ("[please] help", "help", True),
        ("as an ai ... {cannot} help", "As an AI, a thing of words, I can\u2019t help", True),
        ("as an ai ... {cannot} help", "As an AI. I can't help", False),
        ("as an ai ... {cannot} help", "As an airline we cannot help", False),
        ("a {b|c d} e", "a c d e", True),
        ("a {b|[x] c} e", "a x c e", True),
        ("what?", "What?", True),
    ],
)
def test_phrases(phrase: str, text: str, *, matches: bool) -> None:
    pattern = re.compile(Grammar.of(WORDS).source(phrase))
    assert bool(pattern.fullmatch(fold(text))) is matches


def test_without_spaces_between_words() -> None:
    grammar = Grammar.of({"no": ["できません"]}, spaced=False)
    assert re.fullmatch(grammar.source("[ご]要望...{no}"), fold("ご要望にはお応えできません"))


def test_a_phrase_tells_how_texts_may_begin() -> None:
    grammar = Grammar.of(WORDS)
    found = {one.strip() for one in grammar.beginnings("[Please] {who} help ...")}
    assert found == {*("please i", "please w", "i h", "we h")}
    assert set(grammar.beginnings("... help")) == {""}
    assert set(grammar.beginnings("sorry")) == {"sorry"}


def test_lists_that_name_one_another_in_a_circle() -> None:
    with pytest.raises(ValueError, match="in a circle"):
        Grammar.of({"a": ["{b} x"], "b": ["{a} y"]})


def test_a_bracket_that_stays_open() -> None:
    with pytest.raises(ValueError, match="stays open"):
        Grammar.of({}).source("{a|b")


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("I\u2019M \u201cHere\u201d", 'i\'m "here"'),
        ("\u0130stek", "istek"),
        ("\uff21\uff22\uff01", "ab!"),
        ("a \t b\r\n\n c", "a b\nc"),
        ("\u0639\u0630\u0631\u064b\u0627", "\u0639\u0630\u0631\u0627"),
    ],
)
def test_texts_that_read_alike(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_quotes_are_short() -> None:
    assert quote("a\n b") == '"a b"'
    assert len(quote("x" * 200)) == 82
