"""Who else is at a server, beside the clients that are measured: `python -m loadgen.company`, a process of its own.

Its members connect to a server in turn, act while that server has a window, and stand still with it otherwise, as what
they did meanwhile would pile up. What became of them is told; no figure is taken from them.
"""
