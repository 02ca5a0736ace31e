"""One loop, ours or the standard library's, over a call that tells which descriptors are ready."""
