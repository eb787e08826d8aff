"""What a dataset version consists of, and where versions are kept."""
