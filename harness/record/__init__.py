"""The results folder as it is written."""
