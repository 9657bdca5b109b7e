"""The command line: one file a command, each a call into `build` or `studio`."""
