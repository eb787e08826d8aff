"""What the answer rests on: the registered version, its data and evaluation, and its verdict."""
