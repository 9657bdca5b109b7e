"""What a run is held against besides the other runs: evaluation items, records of earlier builds.

`forms` reads an evaluation set's document, `item` makes of it the texts that are compared, `held`
says how much of an item stands in one place of a longer text, and `joining` holds two lots of
sets against one another exactly. Pure; imports other stages and the nouns.
"""
