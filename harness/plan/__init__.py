"""What is measured, in which order, for how long: from configuration and options to a plan. Starts nothing."""
