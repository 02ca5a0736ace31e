"""What whoever waits for a run sees of it meanwhile: a file each way of telling."""
