"""Which texts are alike: sets of 5-grams, their sketch, their exact index and join."""
