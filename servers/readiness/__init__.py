"""One loop of our own, over a call that tells which descriptors are ready."""
