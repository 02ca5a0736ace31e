"""Reads results folders and never starts anything: load -> statistics -> cells -> charts, table."""
