"""Datasets of preferences: two answers to one input, made from the runs that left as conflicts."""
