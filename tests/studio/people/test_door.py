"""Signing in: by key, by a link that works once, and never from another site."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2
import jwt
import pytest

from pipeline.studio import EmbeddedStudio
from pipeline.studio.keys import create_key, revoke_key
from pipeline.studio.people import door as doors
from pipeline.studio.people.door import Door, Viewer

PAGES = ["/", "/sessions/x", "/sessions/x/live", "/sessions/x/runs/0", "/sessions/x/builds",
         "/datasets", "/jobs", "/jobs/live"]  # fmt: skip


@pytest.mark.parametrize("path", PAGES)
def test_nobody_sees_a_page_without_signing_in(new_person: Any, path: str) -> None:
    answer = new_person().answer(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in"
    assert answer.text == ""


def test_a_key_signs_in_and_the_cookie_is_kept_from_scripts_and_other_sites(
    account: Any, new_person: Any
) -> None:
    answer = new_person().sign_in(key=f" {account.key}\n")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    for word in ("HttpOnly", "SameSite=strict", "Path=/", "Max-Age=3600"):
        assert word in cookie
    assert "Secure" not in cookie
    assert account.key not in cookie


def test_behind_tls_the_cookie_goes_by_tls_alone(account: Any, new_person: Any) -> None:
    answer = new_person().http.post(
        "/sign-in", data={"key": account.key}, headers={"x-forwarded-proto": "https"}
    )
    assert "Secure" in answer.headers["set-cookie"]


@pytest.mark.parametrize("form", [{"key": "sk-wrong"}, {"key": ""}, {"link": "wrong"}, {}])
def test_what_is_wrong_signs_nobody_in(new_person: Any, form: dict[str, str]) -> None:
    answer = new_person().sign_in(**form)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers


def test_a_key_that_was_taken_away_ends_its_cookies(
    account: Any, person: Any, studio: EmbeddedStudio
) -> None:
    assert person.answer("/").status_code == 200
    revoke_key(studio.studio.database, account.key)
    studio.studio.tokens.ended.refresh()
    assert person.answer("/").status_code == 303


def test_a_key_that_is_over_signs_nobody_in(new_person: Any, studio: EmbeddedStudio) -> None:
    revoked = create_key(studio.studio.database, "p")
    revoke_key(studio.studio.database, revoked)
    for key in (revoked, create_key(studio.studio.database, "p", lifetime=-1)):
        assert new_person().sign_in(key=key).status_code == 403


def test_the_link_opens_everything_once(
    studio: EmbeddedStudio, new_account: Callable[..., Any], new_person: Any
) -> None:
    accounts = [new_account(1), new_account(1)]
    sessions = [account.session() for account in accounts]
    path = studio.page_link().removeprefix(studio.url)
    person = new_person()
    for _ in range(2):  # a preview does not use it up
        shown = person.look(path)
    assert person.answer("/").status_code == 303
    (link,) = (attrs["value"] for tag, attrs in shown.tags if attrs.get("name") == "link")
    assert path.endswith(f"/{link}")
    assert person.sign_in(link=link).status_code == 303
    for session in sessions:
        person.look(f"/sessions/{session}")
    text = person.look("/").text
    assert all(account.project in text for account in accounts)
    assert new_person().sign_in(link=link).status_code == 403


def test_a_new_link_ends_the_one_before(studio: EmbeddedStudio, new_person: Any) -> None:
    old, new = (studio.page_link().rpartition("/")[2] for _ in range(2))
    assert new_person().sign_in(link=old).status_code == 403
    assert new_person().sign_in(link=new).status_code == 303


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_a_form_of_another_site_does_nothing(
    account: Any, person: Any, new_person: Any, headers: dict[str, str]
) -> None:
    answer = new_person().http.post("/sign-in", data={"key": account.key}, headers=headers)
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert person.http.post("/sign-out", headers=headers).status_code == 403
    assert person.answer("/").status_code == 200


def test_a_form_of_this_site_is_taken(account: Any, new_person: Any, studio: Any) -> None:
    headers = {"origin": studio.url, "sec-fetch-site": "same-origin"}
    answer = new_person().http.post("/sign-in", data={"key": account.key}, headers=headers)
    assert answer.status_code == 303


def test_signing_out_forgets_the_cookie(person: Any) -> None:
    answer = person.http.post("/sign-out")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert person.answer("/").status_code == 303


def test_the_cookie_opens_nothing_of_the_api_and_a_token_no_page(
    account: Any, person: Any, studio: EmbeddedStudio
) -> None:
    name = studio.studio.door.cookie
    token = person.http.cookies[name]
    headers = {"Authorization": f"Bearer {token}"}
    assert httpx2.get(f"{studio.url}/api/v1/training", headers=headers).status_code == 401
    assert httpx2.get(f"{studio.url}/api/v1/training", cookies={name: token}).status_code == 401
    cookies = {name: account.token}
    assert httpx2.get(studio.url, cookies=cookies).status_code == 303


@pytest.fixture
def alone(tmp_path: Path) -> Any:
    with EmbeddedStudio(tmp_path) as running:
        yield Door(running.studio.database, tmp_path, running.studio.tokens.ended)


def test_a_forged_or_old_cookie_is_none(alone: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    viewer = alone.by_link(alone.open_link())
    token = alone.token(viewer)
    assert alone.knows(token) == viewer
    claims = jwt.decode(token, options={"verify_signature": False})
    forged = [
        "",
        "x",
        "x" * 3000,
        token[:-4] + "AAAA",
        jwt.encode(claims, "", algorithm="none"),
        jwt.encode(claims, "k" * 32, algorithm="HS256"),
        jwt.encode({**claims, "aud": "other"}, alone._secret, algorithm="HS256"),
        jwt.encode({**claims, "exp": 1}, alone._secret, algorithm="HS256"),
        jwt.encode({"aud": claims["aud"]}, alone._secret, algorithm="HS256"),
    ]
    assert [alone.knows(one) for one in forged] == [None] * len(forged)
    monkeypatch.setattr(doors, "IDLE_SECONDS", -1)
    assert alone.knows(alone.token(viewer)) is None


def test_a_cookie_that_is_renewed_still_ends_the_same_day(alone: Any) -> None:
    now = doors._now(None, None)
    yesterday = Viewer(None, None, now.since - 13 * 3600, now.renewed)
    assert alone.knows(alone.token(yesterday)) is None
    assert alone.knows(alone.token(Viewer(None, None, now.since - 3600, 0))) is not None


def test_an_old_cookie_is_renewed_by_looking(person: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "set-cookie" not in person.answer("/").headers
    monkeypatch.setattr(doors, "_RENEW", -1)
    assert "HttpOnly" in person.answer("/").headers["set-cookie"]


def test_a_form_that_is_too_large_is_refused(new_person: Any) -> None:
    assert new_person().sign_in(key="x" * 20_000).status_code in (400, 413)
