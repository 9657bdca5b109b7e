"""The fourth shelf: all live rows compared with one another."""
