"""Which labels of a dataset are probably wrong."""
