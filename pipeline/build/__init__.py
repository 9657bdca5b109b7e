"""The one room that knows the others: the order of the stages, the shelves, publishing."""

from pipeline.build.progress import SILENT, Progress
from pipeline.build.result import BuildResult, find_build
from pipeline.build.run import build_dataset

__all__ = ["SILENT", "BuildResult", "Progress", "build_dataset", "find_build"]
