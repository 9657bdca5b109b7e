"""Files of one format made into files of another: `trainset convert`."""
