"""API keys over their life: made, listed, rotated, revoked, ended; and the key pair that signs."""

import io
import json
import shutil
import subprocess
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import click
import httpx2
import jwt
import pytest

from pipeline.cli.studio import command
from pipeline.errors import UsageError
from pipeline.studio import EmbeddedStudio
from pipeline.studio.auth.signing import SigningKeys


class Door:
    """A Studio with a data-dir of its own, and the command line beside it."""

    def __init__(self, studio: EmbeddedStudio) -> None:
        self.studio = studio

    def command(self, *words: str) -> str:
        """What the command prints. In this process: a start of Python each would take minutes."""
        said = io.StringIO()
        with redirect_stdout(said):
            command.main(self.words(*words), standalone_mode=False)
        return said.getvalue().strip()

    def refusal(self, *words: str) -> str:
        with pytest.raises((UsageError, click.UsageError)) as error:
            self.command(*words)
        return str(error.value)

    def words(self, *words: str) -> list[str]:
        return ["key", "--data-dir", str(self.studio.studio.data_dir), *words]

    def exchange(self, key: str) -> httpx2.Response:
        headers = {"Authorization": f"Bearer {key}"}
        return httpx2.post(f"{self.studio.url}/token/issue", headers=headers)

    def token(self, key: str) -> str:
        answer = self.exchange(key)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["token"])

    def status(self, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}"}
        return httpx2.get(f"{self.studio.url}/api/v1/training", headers=headers).status_code

    def wait_until(self, token: str, status: int) -> None:
        ends = time.monotonic() + 6
        while self.status(token) != status and time.monotonic() < ends:
            time.sleep(0.1)
        assert self.status(token) == status


@pytest.fixture
def door(tmp_path: Path) -> Iterator[Door]:
    with EmbeddedStudio(tmp_path / "data") as studio:
        yield Door(studio)


def test_another_program_may_make_and_end_keys(
    door: Door, command: Callable[..., subprocess.CompletedProcess[str]]
) -> None:
    key = command("studio", *door.words("--project", "mail")).stdout.strip()
    assert door.status(door.token(key)) == 200
    assert command("studio", *door.words("--revoke", key[:11])).returncode == 0
    assert door.exchange(key).status_code == 401
    refused = command("studio", *door.words("--revoke", "sk-none"))
    assert refused.returncode == 2
    assert refused.stderr.startswith("trainset: no API key begins like that")


def test_a_revoked_key_and_its_tokens_are_over(door: Door) -> None:
    key, other = door.command("--project", "mail"), door.command("--project", "mail")
    token, kept = door.token(key), door.token(other)
    assert door.status(token) == 200
    assert f"revoked {key[:11]}... of project mail" in door.command("--revoke", key[:11])
    assert door.exchange(key).status_code == 401
    door.wait_until(token, 401)
    assert door.status(kept) == 200
    assert door.exchange(other).status_code == 200


def test_a_refused_key_has_one_body_whatever_the_reason(door: Door) -> None:
    revoked, ended = door.command("--project", "p"), door.command("--project", "p", "--expires=0")
    door.command("--revoke", revoked)
    bodies = {door.exchange(key).text for key in (revoked, ended, "sk-nobody-made-this", "x")}
    assert len(bodies) == 1
    assert door.exchange(revoked).headers["www-authenticate"] == "Bearer"


def test_a_key_ends_at_its_time_and_its_tokens_no_later(door: Door) -> None:
    key = door.command("--project", "p", "--expires", "2s")
    answer = door.exchange(key).json()
    claims = jwt.decode(answer["token"], options={"verify_signature": False})
    assert answer["expires_in"] <= 2
    assert claims["exp"] - claims["iat"] <= 3
    time.sleep(2)
    assert door.exchange(key).status_code == 401


def test_a_rotated_key_goes_on_for_a_while_or_not_at_all(door: Door) -> None:
    first = door.command("--project", "p")
    second = door.command("--rotate", first[:11])
    assert door.exchange(first).status_code == door.exchange(second).status_code == 200
    third = door.command("--rotate", second[:11], "--overlap", "0")
    assert door.exchange(second).status_code == 401
    claims = jwt.decode(door.token(third), options={"verify_signature": False})
    assert claims["project"] == "p"
    assert "is expired" in door.refusal("--rotate", second[:11])


def test_the_list_tells_what_became_of_each_key_and_shows_none(door: Door) -> None:
    keys = [door.command("--project", name) for name in ("one", "two", "two")]
    door.command("--revoke", keys[1])
    listed = [line.split("\t") for line in door.command("--list").splitlines()]
    assert {(row[0], row[1], row[2]) for row in listed} == {
        (f"{keys[0][:11]}...", "one", "active"),
        (f"{keys[1][:11]}...", "two", "revoked"),
        (f"{keys[2][:11]}...", "two", "active"),
    }
    assert len(door.command("--list", "--project", "two").splitlines()) == 2
    assert not any(key[11:] in door.command("--list") for key in keys)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "--project"),
        (("--list", "--rotate-signing"), "give one of"),
        (("--revoke", "sk-none"), "--list"),
        (("--revoke", "%"), "--list"),
        (("--rotate", "sk-"), "API keys begin like that"),
        (("--project", "p", "--expires", "soon"), "no length of time"),
    ],
)
def test_what_cannot_be_done_is_said(door: Door, words: tuple[str, ...], said: str) -> None:
    for _ in range(2):
        door.studio.create_key("p")
    assert said in door.refusal(*words)
    assert "active" in door.command("--list")


def test_keys_of_an_older_data_dir_go_on(door: Door) -> None:
    key = door.studio.create_key("p")
    with door.studio.studio.database.write() as connection:
        connection.exec_driver_sql("UPDATE api_keys SET prefix = substr(prefix, 1, 7)")
    assert door.exchange(key).status_code == 200
    assert key[:7] in door.command("--revoke", key)
    assert door.exchange(key).status_code == 401


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


def public_keys(door: Door) -> dict[str, Any]:
    answer = httpx2.get(f"{door.studio.url}/.well-known/jwks.json")
    assert answer.headers["content-type"] == "application/json"
    return {key["kid"]: key for key in answer.json()["keys"]}


def test_the_public_keys_check_a_token_without_the_studio(door: Door) -> None:
    token = door.token(door.studio.create_key("p"))
    keys = public_keys(door)
    public = jwt.PyJWK(keys[kid_of(token)]).key
    audience = "trainset-studio-api"
    claims = jwt.decode(token, public, algorithms=["ES256"], audience=audience)
    assert claims["project"] == "p"
    assert not any("d" in key for key in keys.values())
    assert len(urlsafe_b64decode(keys[kid_of(token)]["x"] + "=")) == 32


def test_old_tokens_outlive_a_rotation_of_the_signing_key(door: Door) -> None:
    key = door.studio.create_key("p")
    old = door.token(key)
    said = door.command("--rotate-signing")
    new = door.token(key)
    assert kid_of(new) != kid_of(old)
    assert said.endswith(kid_of(new))
    assert door.status(old) == door.status(new) == 200
    assert list(public_keys(door)) == [kid_of(new), kid_of(old)]
    door.command("--rotate-signing")
    newest = door.token(key)
    assert door.status(old) == door.status(new) == door.status(newest) == 200
    assert list(public_keys(door)) == [kid_of(newest), kid_of(new), kid_of(old)]


def test_a_leaked_signing_key_can_be_ended_at_once(door: Door) -> None:
    key = door.studio.create_key("p")
    old = door.token(key)
    door.command("--rotate-signing", "--overlap", "0")
    new = door.token(key)
    assert (door.status(old), door.status(new)) == (401, 200)
    assert list(public_keys(door)) == [kid_of(new)]


def test_rotated_keys_outlive_the_server(tmp_path: Path) -> None:
    with EmbeddedStudio(tmp_path) as studio:
        door = Door(studio)
        old = door.token(studio.create_key())
        studio.studio.tokens.signing.rotate(3600)
    with EmbeddedStudio(tmp_path) as studio:
        assert Door(studio).status(old) == 200
    for name in ("token-key.pem", "token-keys-retired.json"):
        assert (tmp_path / name).stat().st_mode & 0o777 == 0o600
    assert "PRIVATE" not in (tmp_path / "token-keys-retired.json").read_text()


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_rotation_is_carried_to_another_server_by_its_two_files(
    tmp_path: Path, order: tuple[int, int]
) -> None:
    names = ("token-key.pem", "token-keys-retired.json")
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
    first = SigningKeys(tmp_path / "one")
    old, _ = first.current()
    shutil.copy(tmp_path / "one" / names[0], tmp_path / "two")
    second = SigningKeys(tmp_path / "two")
    new = first.rotate(3600)
    for at in order:
        shutil.copy(tmp_path / "one" / names[at], tmp_path / "two")
        second.listed()
    assert [key.kid for key in second.listed()] == [new, old]
    assert second.public(old) is not None
    assert second.current()[0] == new


def test_a_token_that_names_a_key_of_its_own_is_401(door: Door, tmp_path: Path) -> None:
    stranger = SigningKeys(tmp_path)
    token = door.token(door.studio.create_key("p"))
    claims = jwt.decode(token, options={"verify_signature": False})
    kid, private = stranger.current()
    for header in (
        {"kid": kid},
        {"kid": kid_of(token)},
        {"kid": "../token-key.pem"},
        {"jwk": json.loads(jwt.algorithms.ECAlgorithm.to_jwk(private.public_key()))},
        {"jku": f"{door.studio.url}/x", "x5u": "http://127.0.0.1:1/"},
    ):
        forged = jwt.encode(claims, private, algorithm="ES256", headers=header)
        assert door.status(forged) == 401
