"""The templates that a build has learned, kept beside its fourth shelf.

With them the variable input of any run can be made again from the second shelf alone: by
`verify`, which asks the comparison's questions anew, and by `explain`, which shows the words.
"""

from collections.abc import Mapping

import msgspec

from pipeline.stages.varying.templates import Template
from pipeline.storage import LocalStore

__all__ = ["keep_templates", "kept_templates"]

_NAME = "4-dedupe/_templates.json"


def keep_templates(store: LocalStore, templates: Mapping[str | None, Template]) -> None:
    """Write down the template of every interaction and version."""
    pairs = sorted(templates.items(), key=lambda pair: (pair[0] is not None, pair[0]))
    store.write_bytes(_NAME, msgspec.json.encode(pairs))


def kept_templates(store: LocalStore) -> dict[str | None, Template]:
    """What `keep_templates` wrote; nothing where the build has compared nothing yet."""
    if not store.exists(_NAME):
        return {}
    pairs = msgspec.json.decode(store.read_bytes(_NAME), type=list[tuple[str | None, Template]])
    return dict(pairs)
