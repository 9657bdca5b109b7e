"""What the types do not say: limits, meanings and examples of the document's schemas. Pure data."""

from typing import Any

__all__ = ["ADDED", "PARAMETERS", "REFINED"]

_ID = "65a1b2c3d4e5f60718293a4b"
_TIME = "2023-08-22T14:12:34.567Z"
_MAX_OFFSET = 2**53
_MOMENT = {
    "description": "ISO 8601; a day is its first moment, in UTC.",
    "anyOf": [
        {"type": "string", "format": "date-time"},
        {"type": "string", "format": "date"},
        {"type": "null"},
    ],
}
_WORD = {"type": "string", "minLength": 1, "pattern": r"\S"}
_LIMIT = {"anyOf": [{"type": "integer", "minimum": 1, "maximum": 1000}, {"type": "null"}]}
_OFFSET = {"anyOf": [{"type": "integer", "minimum": 0, "maximum": _MAX_OFFSET}, {"type": "null"}]}
_IDS = {"type": "array", "items": {"type": "string"}, "maxItems": 1000}
_EQUALS = {
    "anyOf": [
        {"type": "string"},
        {"type": "number", "minimum": -(2**53), "maximum": 2**53},
        {"type": "boolean"},
        {"type": "null"},
    ]
}
_BY_ID = {
    "anyOf": [
        {"type": "string"},
        {
            "type": "object",
            "required": ["$in"],
            "properties": {"$in": _IDS},
            "additionalProperties": False,
        },
    ]
}
_RUN = {
    "id": _ID,
    "interaction": {"id": "1" * 24, "name": "SortMail", "version": 1},
    "environment": {"id": "2" * 24, "name": "shop", "provider": "openai"},
    "modelId": "gpt-4.1-mini",
    "status": "completed",
    "created_at": _TIME,
    "updated_at": _TIME,
}
_JOB = {"id": _ID, "status": "pending", "created_at": _TIME, "updated_at": _TIME}
_ENVIRONMENT = {"id": "2" * 24, "name": "shop", "provider": "openai"}

ADDED: dict[str, Any] = {
    "ErrorBody": {
        "type": "object",
        "required": ["error", "status"],
        "properties": {
            "error": {"type": "string", "description": "The status in words."},
            "status": {"type": "integer", "minimum": 400, "maximum": 599},
            "message": {"type": "string", "description": "What was wrong, for a person."},
            "details": {"type": "string"},
        },
        "examples": [
            {"error": "Not Found", "status": 404, "message": f"no training session {_ID}"}
        ],
    },
    "ExecutionRun": {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string"}},
        "description": "One logged LLM call, as it was stored.",
        "examples": [_RUN | {"prompt": [{"role": "user", "content": "hi"}], "result": "ho"}],
    },
    "ExecutionRunRef": {
        "type": "object",
        "required": ["id"],
        "properties": {
            "id": {"type": "string"},
            "result": False,
            "parameters": False,
            "result_schema": False,
            "prompt": False,
        },
        "description": "A run without prompt, parameters, result and schema of the result.",
        "examples": [_RUN],
    },
    "Interaction": {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string"}, "prompts": {}},
        "description": "What an application calls; its templates are references.",
        "examples": [{"id": "1" * 24, "name": "SortMail", "version": 1, "prompts": []}],
    },
    "PromptTemplate": {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string"}, "content": {"type": ["string", "null"]}},
        "description": "A template with its text.",
        "examples": [{"id": _ID, "role": "user", "content_type": "text", "content": "Hello."}],
    },
}
"""Schemas of answers that are passed on as they are stored."""

REFINED: dict[str, Any] = {
    "CreateSessionBody": {
        "properties": {"name": _WORD, "env": _WORD, "model": _WORD},
        "examples": [{"name": "My training session", "env": "2" * 24, "model": "gpt-4.1-mini"}],
    },
    "AddRunsBody": {"properties": {"runs": {"maxItems": 100_000}}, "examples": [{"runs": [_ID]}]},
    "SetDatasetBody": {
        "properties": {"dataset": {"description": "`default`, or an uploaded object's name."}},
        "examples": [{"dataset": "default"}],
    },
    "FindRunsBody": {
        "properties": {
            "query": {
                "properties": {
                    "_id": _BY_ID,
                    "id": _BY_ID,
                },
                "propertyNames": {
                    "pattern": r"^[A-Za-z_][A-Za-z0-9_]*$",
                    "not": {"enum": ["result", "parameters", "result_schema", "prompt"]},
                },
                "additionalProperties": _EQUALS,
            },
            "limit": _LIMIT,
            "offset": _OFFSET,
        },
        "examples": [{"query": {"_id": {"$in": [_ID]}}, "limit": 100}],
    },
    "SearchBody": {
        "properties": {
            "limit": {"minimum": 1, "maximum": 1000},
            "offset": {"minimum": 0, "maximum": _MAX_OFFSET},
        },
        "examples": [{"query": {"status": "completed", "start": "2026-01-01"}, "limit": 10}],
    },
    "SearchQuery": {"properties": {"start": _MOMENT, "end": _MOMENT}},
    "TrainingSession": {
        "properties": {
            "status": {"$ref": "#/components/schemas/SessionStatus"},
            "runs": {"description": "In the order of adding; a list of sessions leaves it out."},
            "dataset": {"description": "Where the dataset lies; null before there is one."},
            "job": {
                "description": "The last job; `{}` before the first start.",
                "anyOf": [
                    {"$ref": "#/components/schemas/TrainingJob"},
                    {"type": "object", "maxProperties": 0},
                ],
            },
        },
        "examples": [
            {
                "id": _ID,
                "project": "mail",
                "name": "My training session",
                "env": _ENVIRONMENT,
                "model": "gpt-4.1-mini",
                "status": "created",
                "runs": [],
                "dataset": None,
                "job": {},
                "created_by": "apikey:mail",
                "updated_by": "apikey:mail",
                "created_at": _TIME,
                "updated_at": _TIME,
            }
        ],
    },
    "TrainingJob": {
        "properties": {
            "id": {"description": "May hold `/` and `:`."},
            "status": {"enum": ["pending", "running", "completed", "failed", "cancelled"]},
            "model": {"description": "The fine-tuned model's name, once there is one."},
        },
        "examples": [_JOB],
    },
    "Environment": {"examples": [_ENVIRONMENT]},
    "AIModel": {"examples": [{"id": "gpt-4.1-mini", "provider": "openai"}]},
    "DatasetAnswer": {"examples": [{"dataset": f"https://studio.example/objects/{_ID}.jsonl"}]},
    "UrlAnswer": {
        "properties": {"url": {"description": "Signed and expiring: keep it as a secret."}},
        "examples": [{"url": f"https://studio.example/objects/{_ID}.jsonl?X-Signature=..."}],
    },
    "OkAnswer": {"examples": [{"ok": True}]},
    "SessionName": {"examples": [{"id": _ID, "name": "My training session"}]},
    "IssuedToken": {"examples": [{"token": "eyJ...", "token_type": "Bearer", "expires_in": 1800}]},
}
"""Laid over the framework's schemas of that name."""

PARAMETERS: dict[str, Any] = {
    "session": {"description": "A training session's id.", "example": _ID},
    "run": {"description": "A run's id.", "example": _ID},
    "environment": {"description": "An environment's id.", "example": "2" * 24},
    "interaction": {"description": "An interaction's id.", "example": "1" * 24},
    "prompt": {"description": "A prompt template's id.", "example": _ID},
    "job": {
        "description": "A job's id; `/` and `:` in it raw or percent-encoded.",
        "example": _ID,
    },
    "limit": {"description": "At most so many.", "example": 100},
    "offset": {"description": "So many are skipped.", "example": 0},
    "status": {"description": "Only those with this status."},
    "model": {"description": "Only those of this model."},
    "tag": {"description": "Only those with this tag."},
    "sync": {"description": "Wait for the job's end, up to 55 s.", "example": False},
    "resumable": {
        "description": "A resumable upload session instead of a signed PUT.",
        "example": True,
    },
}
"""By name; `interaction` and `environment` are also filters of `/runs`."""
