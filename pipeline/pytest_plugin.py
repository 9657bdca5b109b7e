"""What pytest finds by itself where the package is installed: the fixture `studio`.

Loaded at the start of every pytest run of its environment, so it imports nothing but pytest;
`pipeline.testing` comes with the first test that asks for a Studio.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pipeline.testing import LocalStudio

__all__ = ["studio"]


@pytest.fixture
def studio(tmp_path_factory: pytest.TempPathFactory) -> Iterator["LocalStudio"]:
    """An embedded Studio in a folder of its own, with a key and a client at hand."""
    from pipeline.testing import LocalStudio  # noqa: PLC0415 (a server: only where it is used)

    with LocalStudio(tmp_path_factory.mktemp("studio")) as running:
        yield running
