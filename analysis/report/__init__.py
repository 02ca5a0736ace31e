"""The page of a run: report.html, one file that holds all that one looks at, and asks no network for anything."""
