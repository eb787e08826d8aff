"""Figures of the local cluster, and of what is installed in it."""
