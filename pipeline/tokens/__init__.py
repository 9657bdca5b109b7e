"""How many tokens a record has for the model that is to be trained on it.

Pure: no network, no clock, no file but the ranks that installed packages ship. Importing it loads
no tokenizer; the first count does. Imports `errors` and `records`. docs/tokens.md tells the rules.
"""

from pipeline.tokens.counter import TokenCounter
from pipeline.tokens.models import counter_for

__all__ = ["TokenCounter", "counter_for"]
