"""Results in the formats of other programs: a file and a line in analysis/publish.py each."""
