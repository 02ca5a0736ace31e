"""A task that its nursery or group waits for, with checkpoints where it can be cancelled."""
