"""Where work runs: batches and functions, never records."""
