"""From a prefix in a bucket to one version of a dataset."""
