"""Signed links: bound to one object, one method and a time."""

import hmac
import secrets
from hashlib import sha256
from pathlib import Path
from urllib.parse import parse_qs, quote

from pipeline.studio.clock import now_ms
from pipeline.studio.keys import write_secret

__all__ = ["Links"]


class Links:
    """Makes and checks the URLs of objects and uploads."""

    def __init__(self, data_dir: Path, lifetime: float) -> None:
        self._key = _secret(data_dir / "link-key")
        self.lifetime = lifetime
        """Seconds that a signed link lasts."""
        self.origin = ""
        """`http://HOST:PORT`, set when the server listens."""

    def place(self, name: str) -> str:
        """Where an object lies: no secret, and no right to read it."""
        return f"{self.origin}/objects/{quote(name)}"

    def signed(self, name: str, method: str) -> str:
        """A link that permits the method on the object for a while."""
        expires = str(now_ms() // 1000 + int(self.lifetime))
        signature = self._sign(name, method, expires)
        return f"{self.place(name)}?X-Expires={expires}&X-Signature={signature}"

    def resumable(self, upload_id: str) -> str:
        """The session URI of an upload, as Cloud Storage writes it."""
        path = "/upload/storage/v1/b/trainset/o"
        return f"{self.origin}{path}?uploadType=resumable&upload_id={upload_id}"

    def permits(self, name: str, method: str, query: str) -> bool:
        """Whether the query's signature is of this object and method and not yet over."""
        words = parse_qs(query)
        expires, signature = words.get("X-Expires", [""])[0], words.get("X-Signature", [""])[0]
        method = "GET" if method == "HEAD" else method
        genuine = hmac.compare_digest(
            signature.encode(errors="replace"), self._sign(name, method, expires).encode()
        )
        return genuine and now_ms() // 1000 < int(expires)

    def _sign(self, name: str, method: str, expires: str) -> str:
        words = f"{method}\n{name}\n{expires}".encode(errors="replace")
        return hmac.new(self._key, words, sha256).hexdigest()


def _secret(path: Path) -> bytes:
    if not path.exists():
        write_secret(path, secrets.token_bytes(32))
    return path.read_bytes()
