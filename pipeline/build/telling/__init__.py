"""What is told of a finished build: the life of a run, the difference of two builds."""
