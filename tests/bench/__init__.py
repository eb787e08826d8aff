"""`make bench`: speed and memory on the local cluster, measured in one run, written to a file."""
