"""The training Job: a folder of labelled images in, a registered and proven model version out."""
