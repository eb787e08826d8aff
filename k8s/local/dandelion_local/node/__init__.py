"""The node: its programs, the network between it and this machine, its start and its end."""
