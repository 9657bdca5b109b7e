"""Keys and tokens: what counts, what does not, and where no secret may be."""

import json
import logging
import socket
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pipeline.client import StudioClient, upload_file
from pipeline.studio import EmbeddedStudio

CLAIMS = ("iss", "aud", "sub", "project", "key", "iat", "exp")


def encoded(value: Any) -> str:
    return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def decoded(part: str) -> Any:
    return json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def private_key(account: Any) -> Any:
    pem = (account.studio.studio.data_dir / "token-key.pem").read_bytes()
    return serialization.load_pem_private_key(pem, password=None)


def claims_of(account: Any) -> dict[str, Any]:
    return dict(decoded(account.token.split(".")[1]))


def signed(account: Any, **changes: Any) -> str:
    claims = claims_of(account) | changes
    claims = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(claims, private_key(account), algorithm="ES256")


def asked(account: Any, token: str) -> httpx2.Response:
    answer = account.http.get("/api/v1/training", headers={"Authorization": f"Bearer {token}"})
    assert isinstance(answer, httpx2.Response)
    return answer


def test_a_key_is_exchanged_for_a_token_of_its_project(account: Any) -> None:
    assert claims_of(account)["project"] == account.project
    answer = account.http.post(
        "/token/issue", json={"type": "apikey"}, headers={"Authorization": f"Bearer {account.key}"}
    )
    issued = account.ok(answer)
    assert issued["token_type"] == "Bearer"
    assert issued["expires_in"] == 1800
    account.ok(asked(account, issued["token"]))
    account.ok(asked(account, signed(account)))


@pytest.mark.parametrize("key", ["sk-unknown", "x", "sk-" + "a" * 60_000, "sk-é".encode()])
def test_an_unknown_key_is_401(account: Any, key: Any) -> None:
    word = key if isinstance(key, bytes) else key.encode()
    answer = account.http.post("/token/issue", headers={b"Authorization": b"Bearer " + word})
    account.refused(answer, 401)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic eDp5", "Bearer a b c"])
def test_without_a_token_every_route_is_401(account: Any, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    for path in ("/api/v1/training", "/api/v1/runs", "/api/v1/environments", "/api/v1/training/x"):
        account.refused(account.http.get(path, headers=headers), 401)
    account.refused(account.http.post("/token/issue", headers=headers), 401)
    answer = account.http.post("/api/v1/training", content=b"{", headers=headers)
    assert answer.status_code in (400, 401)


def test_the_key_itself_is_no_token(account: Any) -> None:
    account.refused(asked(account, account.key), 401)


def test_an_unsigned_token_is_401(account: Any) -> None:
    body = account.token.split(".")[1]
    for algorithm in ("none", "None", "NONE"):
        head = encoded({"alg": algorithm, "typ": "JWT"})
        for signature in ("", account.token.split(".")[2]):
            account.refused(asked(account, f"{head}.{body}.{signature}"), 401)


def test_a_token_signed_with_the_public_key_as_a_secret_is_401(account: Any) -> None:
    import hmac  # noqa: PLC0415 (only this forgery needs it)

    public = (
        private_key(account)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    words = f"{encoded({'alg': 'HS256', 'typ': 'JWT'})}.{account.token.split('.')[1]}"
    signature = urlsafe_b64encode(hmac.digest(public, words.encode(), "sha256"))
    account.refused(asked(account, f"{words}.{signature.rstrip(b'=').decode()}"), 401)


def test_a_token_of_another_key_pair_is_401(account: Any) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1())
    token = jwt.encode(claims_of(account), stranger, algorithm="ES256")
    account.refused(asked(account, token), 401)


def test_a_tampered_token_is_401(account: Any) -> None:
    head, body, signature = account.token.split(".")
    other = encoded(decoded(body) | {"project": "another"})
    for token in (
        f"{head}.{other}.{signature}",
        f"{head}.{body}.{signature[::-1]}",
        f"{head}.{body}",
        f"{head}.{body}.",
        f"{body}.{head}.{signature}",
        "...",
        "é.é.é".encode().decode("latin-1"),
    ):
        header = {b"Authorization": b"Bearer " + token.encode("latin-1")}
        account.refused(account.http.get("/api/v1/training", headers=header), 401)


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_missing_claim_is_401(account: Any, claim: str) -> None:
    account.refused(asked(account, signed(account, **{claim: None})), 401)


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another"},
        {"iss": "another"},
        {"exp": 1},
        {"exp": "soon"},
        {"exp": [1]},
        {"nbf": 2**33},
        {"iat": 2**33},
        {"project": ["a"]},
        {"project": ""},
        {"sub": 7},
    ],
)
def test_a_wrong_claim_is_401(account: Any, change: dict[str, Any]) -> None:
    account.refused(asked(account, signed(account, **change)), 401)


@pytest.mark.parametrize("size", [9_000, 70_000, 1 << 20])
def test_a_huge_token_is_401(account: Any, size: int) -> None:
    account.refused(asked(account, "a" * size), 401)
    account.refused(asked(account, f"{account.token}{'a' * size}"), 401)


def test_a_token_ends_after_its_lifetime(tmp_path: Path) -> None:
    with EmbeddedStudio(tmp_path, token_lifetime=0.5) as studio, httpx2.Client() as http:
        key = {"Authorization": f"Bearer {studio.create_key()}"}
        token = http.post(f"{studio.url}/token/issue", headers=key).json()["token"]
        headers = {"Authorization": f"Bearer {token}"}
        assert http.get(f"{studio.url}/api/v1/training", headers=headers).status_code == 200
        time.sleep(1.6)
        answer = http.get(f"{studio.url}/api/v1/training", headers=headers)
        assert (answer.status_code, answer.json()["message"]) == (
            401,
            "the token is not valid, or it is over",
        )


def test_tokens_outlive_the_server(tmp_path: Path) -> None:
    with EmbeddedStudio(tmp_path) as studio, httpx2.Client() as http:
        key = {"Authorization": f"Bearer {studio.create_key()}"}
        token = http.post(f"{studio.url}/token/issue", headers=key).json()["token"]
    with EmbeddedStudio(tmp_path) as studio, httpx2.Client() as http:
        headers = {"Authorization": f"Bearer {token}"}
        assert http.get(f"{studio.url}/api/v1/training", headers=headers).status_code == 200
        assert http.post(f"{studio.url}/token/issue", headers=key).status_code == 200


def test_keys_are_nowhere_in_clear_and_secrets_are_their_owners(account: Any) -> None:
    folder = account.studio.studio.data_dir
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert all(account.key[7:].encode() not in path.read_bytes() for path in files)
    for name in ("token-key.pem", "link-key"):
        assert (folder / name).stat().st_mode & 0o777 == 0o600
    assert not list(folder.glob("*.tmp"))


def test_no_secret_is_logged(
    account: Any, caplog: pytest.LogCaptureFixture, tmp_path: Path, capfd: Any
) -> None:
    caplog.set_level(logging.DEBUG)
    source = tmp_path / "data.jsonl"
    source.write_bytes(b"data\n")
    session = account.session(runs=1)
    with StudioClient(account.studio.url, api_key=account.key) as client:
        url = client.training.upload_url(session)
        upload_file(url, source)
        account.refused(account.http.get("/nowhere", headers={"Authorization": url}), 404)
        link = client.training.upload_url(session, resumable=False)
        upload_file(link, source)
    answer = account.call("POST", "/runs/find", json={"query": {account.token: {}}})
    account.refused(answer, 400)
    printed = "".join(capfd.readouterr())
    secrets = (account.key, account.token, url.partition("upload_id=")[2])
    said = [r for r in caplog.records if not r.name.startswith(("httpcore2", "httpx2"))]
    text = printed + "\n".join(record.getMessage() for record in said)
    assert not [secret for secret in secrets if secret in text]
    assert "X-Signature" not in text


def test_what_is_no_http_is_refused_without_a_trace(account: Any) -> None:
    parsed = urlsplit(account.studio.url)
    with socket.create_connection((parsed.hostname, parsed.port)) as connection:
        connection.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert b" 400 " in answer
    assert b"Traceback" not in answer


def test_a_key_of_one_project_lists_nothing_of_another(new_account: Callable[..., Any]) -> None:
    one, other = new_account(2), new_account(3)
    one.session()
    assert other.ok(other.get("/training")) == []
    assert {run["id"] for run in other.ok(other.get("/runs"))} == set(other.ids)
