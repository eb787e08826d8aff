"""From a place in a bucket to a dataset version: which images, of which class, in which split."""
