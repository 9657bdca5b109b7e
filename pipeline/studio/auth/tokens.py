"""The JWTs that API keys are exchanged for: made here, checked here, ES256 and nothing else.

Every refusal has the same words: why a token does not count is nobody's business.
"""

import math
import secrets
import time
from typing import Any

import jwt

from pipeline.api.tokens import IssuedToken
from pipeline.studio.auth.signing import SigningKeys
from pipeline.studio.failures import unauthorized
from pipeline.studio.keys import Caller, EndedKeys, KnownKey

__all__ = ["Tokens"]

_ISSUER = "trainset-studio"
_AUDIENCE = "trainset-studio-api"
_LEEWAY = 5
_MAX_TOKEN = 8192
_REFUSAL = "the token is not valid, or it is over"


class Tokens:
    """Makes and checks JWTs."""

    def __init__(self, signing: SigningKeys, ended: EndedKeys, lifetime: float) -> None:
        self.signing = signing
        self.ended = ended
        self._lifetime = lifetime

    def issue(self, key: KnownKey) -> IssuedToken:
        """A token of the key's project; it ends with the key at the latest."""
        now = time.time()
        lifetime = self._lifetime
        if key.expires_at is not None:
            lifetime = min(lifetime, key.expires_at - now)
        claims = {
            "iss": _ISSUER,
            "aud": _AUDIENCE,
            "sub": f"apikey:{key.project}",
            "project": key.project,
            "key": key.id,
            "iat": int(now),
            "exp": math.ceil(now + lifetime),  # parts of a second do not count in it
            "jti": secrets.token_hex(8),
        }
        kid, private = self.signing.current()
        token = jwt.encode(claims, private, algorithm="ES256", headers={"kid": kid})
        return IssuedToken(token=token, expires_in=int(lifetime))

    def check(self, token: str) -> Caller:
        """Who the token stands for; 401 for one that does not count."""
        try:
            claims = self._claims(token)
        except jwt.InvalidTokenError:
            raise unauthorized(_REFUSAL) from None
        project = claims["project"]
        if not isinstance(project, str) or not project or claims["key"] in self.ended:
            raise unauthorized(_REFUSAL)
        return Caller(project=project, subject=str(claims["sub"]))

    def _claims(self, token: str) -> dict[str, Any]:
        if len(token) > _MAX_TOKEN:
            raise jwt.InvalidTokenError
        kid = jwt.get_unverified_header(token).get("kid")
        public = self.signing.public(kid)
        if public is None:
            raise jwt.InvalidTokenError
        return jwt.decode(
            token,
            public,
            algorithms=["ES256"],
            audience=_AUDIENCE,
            issuer=_ISSUER,
            leeway=min(_LEEWAY, self._lifetime / 10),
            options={"require": ["exp", "iat", "iss", "aud", "sub", "project", "key"]},
        )
