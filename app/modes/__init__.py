"""Which mode a plan is executed in, and why; what an admin may change about that while the service runs."""
