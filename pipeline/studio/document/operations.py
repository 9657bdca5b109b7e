"""What the framework cannot know of an operation: its id, its tag, and which errors it answers.

Pure data, one entry a route; a test holds it against the routes.
"""

from typing import Any

from msgspec import Struct

__all__ = ["COMMON_ERRORS", "OPERATIONS", "TAGS", "Operation"]

TAGS = {
    "Training": "Sessions, their runs, their dataset and their job.",
    "Runs": "Logged LLM calls.",
    "Environments": "Providers' accounts, and which of their models can be trained.",
    "Prompts": "Interactions, and the templates that they are made of.",
    "Tokens": "An API key for a JWT, and the keys that JWTs are signed with.",
}
COMMON_ERRORS = (400, 401, 405, 408, 413, 415, 429, 500, 503)
"""What every operation with a token may answer."""


class Operation(Struct, frozen=True, kw_only=True):
    """What is added to the framework's description of a route."""

    id: str
    tag: str
    errors: tuple[int, ...] = ()
    """Beside the common ones."""
    answer: dict[str, Any] | None = None
    """The schema of the good answer, where the handler answers bytes."""
    body: dict[str, Any] | None = None
    """The schema of a body that the handler reads by itself."""


def _list_of(name: str) -> dict[str, Any]:
    return {"type": "array", "items": {"$ref": f"#/components/schemas/{name}"}}


def _one(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


_TRAINING = "/api/v1/training"
_SESSION = f"{_TRAINING}/{{session}}"
_ENVIRONMENTS = "/api/v1/environments"
_RUNS = "/api/v1/runs"

OPERATIONS = {
    ("post", _TRAINING): Operation(id="createSession", tag="Training", errors=(404,)),
    ("get", _TRAINING): Operation(id="listSessions", tag="Training"),
    ("get", f"{_TRAINING}/names"): Operation(id="listSessionNames", tag="Training"),
    ("get", _SESSION): Operation(id="getSession", tag="Training", errors=(404,)),
    ("post", f"{_SESSION}/add"): Operation(id="addToSession", tag="Training", errors=(404, 409)),
    ("get", f"{_SESSION}/runs"): Operation(
        id="listSessionRuns", tag="Training", errors=(404,), answer=_list_of("ExecutionRunRef")
    ),
    ("post", f"{_SESSION}/build"): Operation(id="buildSession", tag="Training", errors=(404, 409)),
    ("get", f"{_SESSION}/url"): Operation(id="getDataUrl", tag="Training", errors=(404,)),
    ("get", f"{_SESSION}/upload-url"): Operation(
        id="getDataUploadUrl", tag="Training", errors=(404,)
    ),
    ("post", f"{_SESSION}/dataset"): Operation(id="setDataset", tag="Training", errors=(404, 409)),
    ("post", f"{_SESSION}/start"): Operation(id="startTraining", tag="Training", errors=(404, 409)),
    ("post", f"{_SESSION}/cancel"): Operation(
        id="cancelTraining", tag="Training", errors=(404, 409)
    ),
    ("get", f"{_TRAINING}/job/{{job}}"): Operation(
        id="getTrainingJob", tag="Training", errors=(404,)
    ),
    ("get", _RUNS): Operation(id="listRuns", tag="Runs", answer=_list_of("ExecutionRunRef")),
    ("get", f"{_RUNS}/{{run}}"): Operation(
        id="getRun", tag="Runs", errors=(404,), answer=_one("ExecutionRun")
    ),
    ("post", f"{_RUNS}/find"): Operation(
        id="findRuns", tag="Runs", answer=_list_of("ExecutionRun")
    ),
    ("post", f"{_RUNS}/search"): Operation(
        id="searchRuns", tag="Runs", answer=_list_of("ExecutionRunRef")
    ),
    ("get", _ENVIRONMENTS): Operation(id="listEnvironments", tag="Environments"),
    ("get", f"{_ENVIRONMENTS}/{{environment}}"): Operation(
        id="getEnvironment", tag="Environments", errors=(404,)
    ),
    ("get", f"{_ENVIRONMENTS}/{{environment}}/trainable-models"): Operation(
        id="listTrainableModels", tag="Environments", errors=(404,)
    ),
    ("get", "/api/v1/interactions/{interaction}"): Operation(
        id="getInteraction", tag="Prompts", errors=(404,), answer=_one("Interaction")
    ),
    ("get", "/api/v1/prompts/{prompt}"): Operation(
        id="getPrompt", tag="Prompts", errors=(404,), answer=_one("PromptTemplate")
    ),
    ("post", "/api/v1/prompts/{prompt}/render"): Operation(
        id="renderPrompt",
        tag="Prompts",
        errors=(404,),
        body={
            "type": "object",
            "description": "The template's variables by name.",
            "examples": [{"colour": "red"}],
        },
    ),
    ("post", "/token/issue"): Operation(id="issueToken", tag="Tokens"),
    ("get", "/.well-known/jwks.json"): Operation(id="listSigningKeys", tag="Tokens"),
}
"""By method and path, as the document writes them."""
