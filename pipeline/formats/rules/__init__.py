"""Rules that several formats share, on decoded lines; each file one kind. Imports `format`."""
