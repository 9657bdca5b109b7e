"""Scripted faults: what a Studio does wrong, said by a test, one request after the other.

    with EmbeddedStudio() as studio, studio.faults({"runs.list": ["503", "reset"]}) as plan:
        ...
    assert plan.exhausted

`operations.py` has the names of the operations, `script.py` the faults that there are. Imports
`pipeline.api`, the errors and ASGI's types; knows no other part of the Studio.
"""

from pipeline.studio.faults.layer import FaultLayer
from pipeline.studio.faults.operations import OPERATIONS
from pipeline.studio.faults.plan import FaultPlan, Seen
from pipeline.studio.faults.script import KINDS, Kind

__all__ = ["KINDS", "OPERATIONS", "FaultLayer", "FaultPlan", "Kind", "Seen"]
