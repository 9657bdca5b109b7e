"""The names that a script of faults calls the Studio's operations by. Imports api's base path.

A name is `resource.verb`, as in the client; the routes behind the names are all that the Studio
serves to clients, which a test compares with the app's own routes.
"""

import re
from collections.abc import Mapping
from difflib import get_close_matches

from msgspec import Struct

from pipeline.api import BASE_PATH
from pipeline.errors import UsageError

__all__ = ["OPERATIONS", "Route", "checked_operation", "operation_of"]


class Route(Struct, frozen=True):
    """A method and the path it goes to; `{x}` is one word, `{x:path}` all the rest."""

    method: str
    path: str


def _api(method: str, path: str) -> Route:
    return Route(method, BASE_PATH + path)


_UPLOAD = "/upload/storage/v1/b/trainset/o"

OPERATIONS: Mapping[str, tuple[Route, ...]] = {
    "token.issue": (Route("POST", "/token/issue"),),
    "training.create": (_api("POST", "/training"),),
    "training.list": (_api("GET", "/training"),),
    "training.names": (_api("GET", "/training/names"),),
    "training.get": (_api("GET", "/training/{session}"),),
    "training.add": (_api("POST", "/training/{session}/add"),),
    "training.build": (_api("POST", "/training/{session}/build"),),
    "training.url": (_api("GET", "/training/{session}/url"),),
    "training.upload_url": (_api("GET", "/training/{session}/upload-url"),),
    "training.dataset": (_api("POST", "/training/{session}/dataset"),),
    "training.start": (_api("POST", "/training/{session}/start"),),
    "training.cancel": (_api("POST", "/training/{session}/cancel"),),
    "training.job": (_api("GET", "/training/job/{job:path}"),),
    "runs.list": (_api("GET", "/training/{session}/runs"), _api("GET", "/runs")),
    "runs.get": (_api("GET", "/runs/{run}"),),
    "runs.find": (_api("POST", "/runs/find"),),
    "runs.search": (_api("POST", "/runs/search"),),
    "environments.list": (_api("GET", "/environments"),),
    "environments.get": (_api("GET", "/environments/{environment}"),),
    "environments.trainable_models": (_api("GET", "/environments/{environment}/trainable-models"),),
    "interactions.get": (_api("GET", "/interactions/{interaction}"),),
    "prompts.get": (_api("GET", "/prompts/{prompt}"),),
    "prompts.render": (_api("POST", "/prompts/{prompt}/render"),),
    "upload.status": (Route("PUT", _UPLOAD),),
    "upload.chunk": (Route("PUT", _UPLOAD),),
    "upload.cancel": (Route("DELETE", _UPLOAD),),
    "objects.get": (Route("GET", "/objects/{name:path}"), Route("HEAD", "/objects/{name:path}")),
    "objects.put": (Route("PUT", "/objects/{name:path}"),),
}
"""Each operation's name and its routes.

`runs.list` is a list of runs: a session's, or the project's. `upload.status` and `upload.chunk`
are one route: the first asks how much is stored (`Content-Range: bytes */SIZE`).
"""


def checked_operation(name: str) -> str:
    """The name, if it is one; `UsageError` names those that were meant."""
    if name in OPERATIONS:
        return name
    near = get_close_matches(name, OPERATIONS, n=3, cutoff=0.6)
    said = f"did you mean {' or '.join(near)}?" if near else f"there are {', '.join(OPERATIONS)}"
    raise UsageError(f"faults: the Studio has no operation {name!r}; {said}")


def operation_of(method: str, path: str, content_range: str = "") -> str | None:
    """The name of the operation that a request asks for; None for a route that has none."""
    plain = path.rstrip("/") or "/"
    for pattern, route_method, name in _PATTERNS:
        if method == route_method and pattern.fullmatch(plain):
            return _upload(content_range) if name == "upload.status" else name
    return None


def _upload(content_range: str) -> str:
    return "upload.status" if content_range.startswith("bytes */") else "upload.chunk"


def _pattern(path: str) -> re.Pattern[str]:
    words = re.split(r"(\{\w+(?::path)?\})", path)
    shapes = [
        (".+" if word.endswith(":path}") else "[^/]+") if word[:1] == "{" else re.escape(word)
        for word in words
    ]
    return re.compile("".join(shapes))


_PATTERNS = sorted(
    ((_pattern(one.path), one.method, name) for name, all_ in OPERATIONS.items() for one in all_),
    # Words before placeholders: `/training/names` is not a session's id.
    key=lambda entry: (entry[0].pattern.count("+"), entry[2] != "upload.status"),
)
