"""Fit a record into a format: what is refused, what is rewritten, each rewrite by its name.

`fit` begins; the other files do one kind of thing each. They import `records` and one another.
"""
