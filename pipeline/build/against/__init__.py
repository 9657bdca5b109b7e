"""The live rows held against other sets: evaluation files and earlier builds."""
