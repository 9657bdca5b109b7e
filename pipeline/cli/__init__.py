"""The command line: one file a command, each a call into `build` or `studio`.

People's output, progress and logs go to stderr; stdout has what was asked for, and with --json
one object as its last line. Importing this loads click and nothing heavy: each command imports
what it needs.
"""

from pipeline.cli.main import main

__all__ = ["main"]
