"""Did a change make it slower? Base and head of one run, compared block by block, with known error rates.

series     a run as one log ratio per block, for each figure of each cell
decision   from series to outcomes: screening, confirmation, promise
result     what a run shows: a row per figure, and the exit code
words, table, chart, markdown, junit, bencher, action   the same, for people and for programs
publish    all of these, in the folder of the run
calibration   a run of base against itself: how noisy blocks are, and what a gate can promise
"""
