"""The embedded Studio: the whole training API on one machine, with no account."""

from pipeline.studio.importing import ImportReport
from pipeline.studio.serving import EmbeddedStudio, import_into, new_key, serve

__all__ = ["EmbeddedStudio", "ImportReport", "import_into", "new_key", "serve"]
