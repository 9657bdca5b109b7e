"""The stages that a run goes through: pure, no files, no network, no clock, no randomness."""
