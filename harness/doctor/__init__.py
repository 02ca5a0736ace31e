"""What this machine can measure, and what stands in the way."""
