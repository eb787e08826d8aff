"""From a bucket, and from addresses, to the images that a run learns from."""
