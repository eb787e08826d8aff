"""From an artifact in the object store to a network that is ready."""
