"""Train?: start, follow, suspend, stop or leave alone."""
