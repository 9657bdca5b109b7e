"""The API's description: an OpenAPI document for programs, and a page of it for people."""
