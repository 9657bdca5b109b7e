"""Providers' fine-tuning endpoints: facts as data in `catalog`, one file an endpoint."""
