"""API keys and the tokens they are exchanged for.

A key is stored as its SHA-256; a token is a JWT signed with ES256 by a key pair that is made at
the first start and lies in the data-dir with mode 0600.
"""

import hmac
import math
import os
import secrets
import time
from hashlib import sha256
from pathlib import Path

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct
from sqlalchemy import insert, select

from pipeline.api.tokens import IssuedToken
from pipeline.studio.clock import now_text
from pipeline.studio.database import Database
from pipeline.studio.failures import unauthorized
from pipeline.studio.tables import api_keys

__all__ = ["Caller", "Tokens", "create_key", "project_of_key", "write_secret"]

_ISSUER = "trainset-studio"
_AUDIENCE = "trainset-studio-api"
_LEEWAY = 5
_MAX_TOKEN = 8192


class Caller(Struct, frozen=True):
    """Who calls."""

    project: str
    subject: str


def create_key(database: Database, project: str) -> str:
    """A new API key of the project; only its digest is kept."""
    key = f"sk-{secrets.token_urlsafe(32)}"
    row = {"hash": _digest(key), "project": project, "prefix": key[:7], "created_at": now_text()}
    with database.write() as connection:
        connection.execute(insert(api_keys).values(row))
    return key


def project_of_key(database: Database, key: str) -> str | None:
    """The project of an API key; None for a key that nobody made."""
    digest = _digest(key)
    with database.read() as connection:
        found = connection.execute(select(api_keys).where(api_keys.c.hash == digest)).one_or_none()
    if found is None or not hmac.compare_digest(found.hash, digest):
        return None
    return str(found.project)


class Tokens:
    """Makes and checks JWTs."""

    def __init__(self, data_dir: Path, lifetime: float) -> None:
        self._lifetime = lifetime
        self._private = _key_pair(data_dir / "token-key.pem")
        self._public = self._private.public_key()

    def issue(self, project: str) -> IssuedToken:
        """A token for the project."""
        now = time.time()
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": f"apikey:{project}",
            "project": project,
            "iat": int(now),
            "exp": math.ceil(now + self._lifetime),  # parts of a second do not count in it
            "jti": secrets.token_hex(8),
        }
        token = jwt.encode(claims, self._private, algorithm="ES256")
        return IssuedToken(token=token, expires_in=int(self._lifetime))

    def check(self, token: str) -> Caller:
        """Who the token stands for; 401 for one that does not count."""
        if len(token) > _MAX_TOKEN:
            raise unauthorized("the token is not valid")
        try:
            claims = jwt.decode(
                token,
                self._public,
                algorithms=["ES256"],
                audience=_AUDIENCE,
                issuer=_ISSUER,
                leeway=min(_LEEWAY, self._lifetime / 10),
                options={"require": ["exp", "iat", "iss", "aud", "sub", "project"]},
            )
        except jwt.ExpiredSignatureError:
            raise unauthorized("the token has expired") from None
        except jwt.InvalidTokenError:
            raise unauthorized("the token is not valid") from None
        project = claims["project"]
        if not isinstance(project, str) or not project:
            raise unauthorized("the token is not valid")
        return Caller(project=project, subject=str(claims["sub"]))


def _digest(key: str) -> str:
    return sha256(key.encode(errors="replace")).hexdigest()


def _key_pair(path: Path) -> ec.EllipticCurvePrivateKey:
    if not path.exists():
        _make_key_pair(path)
    loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(loaded, ec.EllipticCurvePrivateKey)
    return loaded


def _make_key_pair(path: Path) -> None:
    pem = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    write_secret(path, pem)


def write_secret(path: Path, content: bytes) -> None:
    """A file that only its owner reads; it is there whole or not at all."""
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
