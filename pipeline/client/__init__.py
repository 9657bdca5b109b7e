"""The typed client of the training API: one class a resource, one retry, uploads to a URL."""
