"""Providers' training lines: one file a format, each pure."""
