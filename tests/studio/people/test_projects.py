"""A person who signed in with a key sees that key's project alone."""

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize("rest", ["", "/builds", "/live", "/runs/0"])
def test_another_projects_session_is_missing_as_one_that_there_is_not(
    new_account: Callable[..., Any], new_person: Callable[..., Any], rest: str
) -> None:
    mine, other = new_account(2), new_account(2)
    person = new_person(mine.key)
    theirs, nothing = other.session(runs=2), "0" * 24
    answers = [person.http.get(f"/sessions/{one}{rest}") for one in (theirs, nothing)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].text.replace(theirs, "ID") == answers[1].text.replace(nothing, "ID")
    assert theirs not in person.http.get("/").text
