"""trainset: logged LLM calls in, a fine-tuning dataset that a provider accepts out.

This package's root holds the nouns (`errors`, `records`, `digests`, `ledger`, `manifest`,
`spec`), which import nothing else of the package. Every room below imports the nouns; only
`build` knows the other rooms. Importing `pipeline` loads nothing but this file.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
