"""What a model answers for every image of a holdout, as it is asked, kept and sampled."""
