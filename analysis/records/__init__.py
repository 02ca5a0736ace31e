"""A results folder as tables: read, whatever version wrote it, with the points of its cells."""
