"""What the installation grants: keys for a while, and the datasets that a namespace may read."""
