"""Who stays and who leaves for whom: the near-duplicate rule and its policies."""
