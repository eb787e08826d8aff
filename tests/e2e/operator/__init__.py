"""The operator is killed, cut off, or two of them run."""
