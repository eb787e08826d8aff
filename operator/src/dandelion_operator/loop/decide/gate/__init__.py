"""Promote?: evaluate the gate, move the alias, or follow whoever moved it."""
