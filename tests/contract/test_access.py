"""Who may call: keys, tokens, projects."""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import httpx2
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat


def asked(door: Any, token: str | None) -> httpx2.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = door.bare("GET", "/api/v1/training", headers=headers)
    assert isinstance(answer, httpx2.Response)
    return answer


def test_a_key_is_exchanged_for_a_jwt_that_says_when_it_ends(door: Any) -> None:
    headers = {"Authorization": f"Bearer {door.key}"}
    issued = door.expect(door.bare("POST", "/token/issue", headers=headers), 200)
    body = issued["token"].split(".")[1]
    claims = json.loads(urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert claims["exp"] > time.time()


@pytest.mark.parametrize("key", ["sk-nobody-made-this", "nonsense"])
def test_an_unknown_key_is_refused(door: Any, key: str) -> None:
    answer = door.bare("POST", "/token/issue", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code in (401, 403)


def test_without_a_token_or_with_the_bare_key_it_is_401(door: Any) -> None:
    door.expect(asked(door, None), 401)
    door.expect(asked(door, "nonsense"), 401)


@pytest.mark.ours
def test_a_key_is_no_token(door: Any) -> None:
    door.expect(asked(door, door.key), 401)


def forged(door: Any) -> dict[str, str]:
    """Tokens that must not count, by what is wrong with each."""
    signing = door.place.studio.tokens.signing
    kid, private = signing.current()
    claims = jwt.decode(door.token, options={"verify_signature": False})
    head, body, signature = door.token.split(".")

    def signed(key: Any = private, algorithm: str = "ES256", **changes: Any) -> str:
        words = {name: one for name, one in (claims | changes).items() if one is not None}
        return jwt.encode(words, key, algorithm=algorithm, headers={"kid": kid})

    def part(value: dict[str, Any]) -> str:
        return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    public = private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    other = part(claims | {"project": "another"})
    hs256 = jwt.PyJWS(algorithms=["HS256"])
    hs256._algorithms["HS256"].prepare_key = lambda key: key
    return {
        "alg=none": f"{part({'alg': 'none', 'typ': 'JWT', 'kid': kid})}.{body}.",
        "HS256 with the public key": hs256.encode(
            json.dumps(claims).encode(), public, algorithm="HS256", headers={"kid": kid}
        ),
        "wrong audience": signed(aud="another"),
        "wrong issuer": signed(iss="another"),
        "expired": signed(iat=1_000, exp=2_000),
        "no exp": signed(exp=None),
        "no audience": signed(aud=None),
        "tampered": f"{head}.{other}.{signature}",
        "another key": signed(ec.generate_private_key(ec.SECP256R1())),
        "no signature": f"{head}.{body}.",
        "no JWT": "a.b.c",
    }


@pytest.mark.seeded
def test_every_token_that_does_not_count_is_401_with_one_body(door: Any) -> None:
    answers = {name: asked(door, token) for name, token in forged(door).items()}
    assert {name for name, one in answers.items() if one.status_code != 401} == set()
    assert len({answer.text for answer in answers.values()}) == 1
    assert all(one.headers["www-authenticate"] == "Bearer" for one in answers.values())
    assert asked(door, door.token).status_code == 200


@pytest.mark.seeded
def test_who_calls_is_asked_before_what_was_sent(door: Any) -> None:
    for path in ("/training", "/runs/find", f"/training/{'f' * 24}/add"):
        call = {"content": b"{", "headers": {"Content-Type": "text/plain", "x-api-version": "?"}}
        door.expect(door.bare("POST", f"/api/v1{path}", **call), 401)


@pytest.mark.seeded
def test_another_projects_things_are_missing_with_the_body_of_a_missing_one(
    door: Any, stranger: Any
) -> None:
    session = stranger.prepared()
    job = stranger.post(f"/training/{session}/start")["id"]
    for there, nowhere in (
        (f"/training/{session}", f"/training/{'0' * 24}"),
        (f"/training/{session}/runs", f"/training/{'0' * 24}/runs"),
        (f"/training/{session}/url", f"/training/{'0' * 24}/url"),
        (f"/training/job/{job}", f"/training/job/{'0' * 24}"),
        (f"/runs/{stranger.runs[0]}", f"/runs/{'0' * 24}"),
        (f"/environments/{stranger.env}", f"/environments/{'0' * 24}"),
    ):
        named, none = door.call("GET", there), door.call("GET", nowhere)
        assert named.status_code == none.status_code == 404
        word = there.split("/")[3 if "/job/" in there else 2]
        assert named.text.replace(word, "ID") == none.text.replace("0" * 24, "ID")
    assert door.get("/training") == []


@pytest.mark.seeded
def test_a_signed_link_is_for_one_object_one_method_and_a_time(door: Any) -> None:
    session = door.session()
    names = [door.uploaded(session, word) for word in (b"one\n", b"two\n")]
    door.post(f"/training/{session}/dataset", {"dataset": names[0]})
    url = door.get(f"/training/{session}/url")["url"]
    assert door.bare("GET", url).content == b"one\n"
    assert door.bare("HEAD", url).status_code == 200
    for method, wrong in (
        ("GET", url.replace(names[0], names[1])),
        ("PUT", url),
        ("DELETE", url),
        ("GET", url[:-1] + ("0" if url[-1] != "0" else "1")),
        ("GET", url.replace("X-Expires=", "X-Expires=1")),
    ):
        door.expect(door.bare(method, wrong, content=b""), 403)
