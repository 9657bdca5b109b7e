"""The one room that knows the others: the order of the stages, the shelves, publishing."""
