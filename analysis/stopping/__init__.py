"""When a run has measured enough: every rule for stopping, asked by the harness after each block.

A rule starts nothing and reads what the run has written, so that a test or a replay asks it the same questions.
"""
