"""A finished dataset handed to the Studio, its training started."""
