"""Promote?: judge the newest version, move the alias, or follow whoever moved it."""
