"""The embedded Studio: the whole training API on one machine, with no account."""

from pipeline.studio.auth.desk import KeyDesk, new_key
from pipeline.studio.importing import ImportReport
from pipeline.studio.limits import Limits
from pipeline.studio.objects import ObjectLimits, ObjectsAt
from pipeline.studio.operating.logs import set_up_logs
from pipeline.studio.serving import EmbeddedStudio, import_into, serve

__all__ = [
    "EmbeddedStudio",
    "ImportReport",
    "KeyDesk",
    "Limits",
    "ObjectLimits",
    "ObjectsAt",
    "import_into",
    "new_key",
    "serve",
    "set_up_logs",
]
