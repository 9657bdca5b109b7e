"""Which records are taken and which split each goes to."""
