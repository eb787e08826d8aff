"""Whether the answers of late are still like those that the model gave for its holdout."""
