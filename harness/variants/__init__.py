"""The forms of a strategy that a run compares: as it is, in variants of the bench file, at two revisions."""
