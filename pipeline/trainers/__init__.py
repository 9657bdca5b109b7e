"""Providers' fine-tuning endpoints: facts as data in `catalog`, one file an endpoint."""

from pipeline.trainers.catalog import PROVIDERS, load_catalog
from pipeline.trainers.facts import Catalog, Facts, Method, Page, Provider
from pipeline.trainers.lifecycle import Standing, standing
from pipeline.trainers.rehearsal import Rehearsal
from pipeline.trainers.target import Target, candidates, find_target
from pipeline.trainers.trainer import Submission, Trainer, TrainerState

__all__ = [
    "PROVIDERS",
    "TRAINERS",
    "Catalog",
    "Facts",
    "Method",
    "Page",
    "Provider",
    "Rehearsal",
    "Standing",
    "Submission",
    "Target",
    "Trainer",
    "TrainerState",
    "candidates",
    "find_target",
    "load_catalog",
    "standing",
]

TRAINERS: dict[str, Trainer] = {"test": Rehearsal()}
"""The endpoints that are built, by provider."""
