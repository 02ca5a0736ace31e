"""Did a change make it slower? Base and head of one run, compared block by block, with known error rates.

series     a run as one log ratio per block, for each figure of each cell
decision   from series to outcomes: screening, confirmation, promise
result     what a run shows: a row per figure, and the exit code
words      how its figures are written, the same in tables, drawing and export
"""
