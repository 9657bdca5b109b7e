"""The key pair that signs tokens, those that signed before, and the public set of them all.

The current pair lies in the data-dir as `token-key.pem`, mode 0600. When it is rotated only its
public half is kept, in `token-keys-retired.json`, until the last token that it signed is over. A
running server sees a rotation by the file's time. A key's id is its thumbprint after RFC 7638
(https://www.rfc-editor.org/rfc/rfc7638, section 3.1).
"""

import threading
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from msgspec import Struct

from pipeline.errors import IntegrityError
from pipeline.studio.keys import write_secret

__all__ = ["PublicKey", "SigningKeys"]

_CURVE = ec.SECP256R1()
_BYTES = 32
"""Of a coordinate of the curve."""


class PublicKey(Struct, frozen=True):
    """A key as `/.well-known/jwks.json` shows it (RFC 7517)."""

    kid: str
    x: str
    y: str
    kty: str = "EC"
    crv: str = "P-256"
    use: str = "sig"
    alg: str = "ES256"


class _Retired(Struct, frozen=True):
    key: PublicKey
    until: float
    """Seconds since 1970."""


class SigningKeys:
    """The keys of one data-dir."""

    def __init__(self, data_dir: Path) -> None:
        self._current_path = data_dir / "token-key.pem"
        self._retired_path = data_dir / "token-keys-retired.json"
        self._lock = threading.Lock()
        self._seen: tuple[tuple[int, int] | None, ...] | None = None
        if not self._current_path.exists():
            write_secret(self._current_path, _fresh_pem())
        self._refresh()

    def current(self) -> tuple[str, ec.EllipticCurvePrivateKey]:
        """The id and the private key that sign now."""
        self._refresh()
        return self._kid, self._private

    def public(self, kid: str | None) -> ec.EllipticCurvePublicKey | None:
        """The key of that id, the current one where none is named; None for one that is over."""
        if kid is None or kid == self._kid:
            return self._private.public_key()
        self._refresh()
        if kid == self._kid:
            return self._private.public_key()
        for one in self._retired:
            if one.key.kid == kid and time.time() < one.until:
                return _loaded(one.key)
        return None

    def listed(self) -> list[PublicKey]:
        """The public keys whose tokens count, the current one first."""
        self._refresh()
        old = [one.key for one in self._retired if time.time() < one.until]
        return [_public(self._private), *(key for key in old if key.kid != self._kid)]

    def rotate(self, keep: float) -> str:
        """Sign with a fresh key from now on; tokens of the old one count `keep` seconds more.

        The old key is written down before the new one takes its place: a crash in between leaves
        the old one in use.
        """
        with self._lock:
            self._load()
            now = time.time()
            old = _Retired(_public(self._private), now + keep)
            known = [one for one in self._retired if one.until > now]
            write_secret(self._retired_path, msgspec.json.encode([old, *known]))
            write_secret(self._current_path, _fresh_pem())
            self._load()
            return self._kid

    def _refresh(self) -> None:
        """Read the files again if another program has changed them."""
        if self._stamp() != self._seen:
            with self._lock:
                self._load()

    def _load(self) -> None:
        self._seen = self._stamp()
        path = self._current_path
        try:
            loaded = serialization.load_pem_private_key(path.read_bytes(), password=None)
        except ValueError:
            raise IntegrityError(f"{path}: is no private key; remove it to make another") from None
        if not isinstance(loaded, ec.EllipticCurvePrivateKey):
            raise IntegrityError(f"{path}: is no key of the curve P-256; remove it")
        self._private = loaded
        self._kid = _public(loaded).kid
        self._retired = self._read_retired()

    def _read_retired(self) -> list[_Retired]:
        if not self._retired_path.exists():
            return []
        return msgspec.json.decode(self._retired_path.read_bytes(), type=list[_Retired])

    def _stamp(self) -> tuple[tuple[int, int] | None, ...]:
        """What changes when one of the two files does."""
        return _changed(self._current_path), _changed(self._retired_path)


def _changed(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_mtime_ns, found.st_ino


def _fresh_pem() -> bytes:
    return ec.generate_private_key(_CURVE).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )


def _public(private: ec.EllipticCurvePrivateKey) -> PublicKey:
    numbers = private.public_key().public_numbers()
    x, y = (_encoded(one.to_bytes(_BYTES, "big")) for one in (numbers.x, numbers.y))
    members = f'{{"crv":"P-256","kty":"EC","x":"{x}","y":"{y}"}}'
    return PublicKey(kid=_encoded(sha256(members.encode()).digest()), x=x, y=y)


def _loaded(key: PublicKey) -> ec.EllipticCurvePublicKey:
    x, y = (int.from_bytes(urlsafe_b64decode(f"{one}="), "big") for one in (key.x, key.y))
    return ec.EllipticCurvePublicNumbers(x, y, _CURVE).public_key()


def _encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
