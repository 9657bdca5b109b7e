"""Safe repairs of lines that a provider would refuse: no word that is trained changes.

Each file one kind. A repair takes a decoded line of whatever shape, changes it in place, and gives
the JSON pointer of every place that it changed.
"""
