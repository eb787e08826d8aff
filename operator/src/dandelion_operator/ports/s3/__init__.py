"""The object store: reads of datasets, artifacts and progress, and the keys for them."""
