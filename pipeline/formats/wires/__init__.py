"""How families of providers write messages and tools: to and from our own. Imports `records`."""
