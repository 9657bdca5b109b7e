"""How a target stands on a day."""

from datetime import date, timedelta

import pytest

from pipeline.trainers import Facts, Standing, find_target, load_catalog, standing
from pipeline.trainers.facts import Fact

END = date(2027, 1, 6)


def on(days_before: int) -> date:
    return END - timedelta(days=days_before)


@pytest.mark.parametrize(
    ("days_before", "state"),
    [(1000, "open"), (91, "open"), (90, "closing"), (1, "closing"), (0, "closed"), (-1, "closed")],
)
@pytest.mark.parametrize("cause", ["closes", "retires"])
def test_it_is_closing_for_ninety_days_and_closed_from_its_day_on(
    cause: str, days_before: int, state: str
) -> None:
    facts = Facts(**{cause: Fact(END, "x")})
    stands = standing(facts, on(days_before))
    left = days_before if days_before > 0 else None
    assert stands == Standing(state, cause, END, left)  # type: ignore[arg-type]


def test_the_earlier_end_decides() -> None:
    later = Fact(END + timedelta(days=30), "x")
    assert standing(Facts(closes=Fact(END, "x"), retires=later), on(20)).cause == "closes"
    assert standing(Facts(closes=later, retires=Fact(END, "x")), on(20)).cause == "retires"


def test_before_its_first_day_it_is_closed() -> None:
    facts = Facts(opens=Fact(END, "x"), closes=Fact(END + timedelta(days=400), "x"))
    assert standing(facts, on(1)) == Standing("closed", "opens", END)
    assert standing(facts, END).state == "open"


def test_without_a_day_it_stands_as_its_page_offers_it() -> None:
    assert standing(Facts(), END) == Standing("unknown")
    assert standing(Facts(offered=Fact(value=True, source="x")), END) == Standing("open", "offered")
    gone = Facts(offered=Fact(value=False, source="x"), closes=Fact(END, "x"))
    assert standing(gone, on(500)) == Standing("closed", "offered")


@pytest.mark.parametrize(
    ("provider", "model", "state", "left"),
    [
        ("openai", "gpt-4.1-mini", "closing", 41),
        ("openai", "gpt-4.1-nano", "closed", None),
        ("azure_openai", "gpt-4.1-mini", "open", 139),
        ("vertexai", "gemini-2.5-flash", "closed", None),
        ("vertexai", "gemini-3.1-flash-lite", "open", None),
        ("mistralai", "mistral-small-latest", "closed", None),
        ("cohere", "command-r", "closed", None),
        ("togetherai", "Qwen/Qwen3.5-9B", "open", None),
        ("test", "test-chat-1", "open", None),
        ("nobody", "x", "unknown", None),
    ],
)
def test_who_stood_how_on_the_26th_of_november_2026(
    provider: str, model: str, state: str, left: int | None
) -> None:
    stands = standing(find_target(load_catalog(), provider, model).facts, date(2026, 11, 26))
    assert (stands.state, stands.days_left) == (state, left)
