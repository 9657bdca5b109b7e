"""Datasets as objects: a local folder, Google's buckets, Amazon's; uploads and downloads of them.

Every object belongs to one training session; its name is made here and never becomes a path.
"""

from pipeline.studio.objects.links import Links
from pipeline.studio.objects.opening import ObjectsAt, open_objects
from pipeline.studio.objects.quota import ObjectLimits
from pipeline.studio.objects.scratch import Scratch
from pipeline.studio.objects.store import Objects
from pipeline.studio.objects.transfer import Transfers

__all__ = [
    "Links",
    "ObjectLimits",
    "Objects",
    "ObjectsAt",
    "Scratch",
    "Transfers",
    "open_objects",
]
