"""The database's versions, applied in order when a Studio opens its data."""
