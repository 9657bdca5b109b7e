"""The first shelf: runs, and the templates that their prompts are rendered from."""
