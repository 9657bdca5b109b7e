"""The embedded Studio: the whole training API on one machine, with no account."""
