"""Which settings a run learns with, and how well they do on the training side alone."""
