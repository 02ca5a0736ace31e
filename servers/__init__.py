"""The servers that are measured: a file for each strategy, in a folder where three or more wait alike."""
