"""The platform's wire types, one resource a file; shared by `client` and `studio`.

Every type is a msgspec Struct that ignores unknown fields and stands for JSON as the platform's
training page (read 2026-11-23) and its published clients show it. Imports nothing but msgspec.
"""

API_VERSION = "20260803"
"""Sent as `x-api-version`; it decides the shape of `result` in a run."""

BASE_PATH = "/api/v1"
