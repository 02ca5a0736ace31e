"""Claims on trial: the files that come with the project, and what the files of a run say of each claim.

evidence   what a rule asks, from the results folder: a value a block, or a count, and what is doubtful in it
decision   from these values to an outcome, with the error rates that it has: pure functions
verdicts   both together, for all claims of a run
words      verdicts as people read them
"""
