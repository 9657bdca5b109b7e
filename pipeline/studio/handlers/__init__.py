"""The routes, one file a resource: parse, ask the tables, answer."""
