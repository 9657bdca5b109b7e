"""Providers' fine-tuning endpoints: facts as data in `catalog`, one file an endpoint."""

from pipeline.trainers.catalog import PROVIDERS, Provider
from pipeline.trainers.rehearsal import Rehearsal
from pipeline.trainers.trainer import Submission, Trainer, TrainerState

__all__ = [
    "PROVIDERS",
    "TRAINERS",
    "Provider",
    "Rehearsal",
    "Submission",
    "Trainer",
    "TrainerState",
]

TRAINERS: dict[str, Trainer] = {"test": Rehearsal()}
"""The endpoints that are built, by provider."""
