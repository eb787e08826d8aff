"""Which precision is good enough to serve."""
