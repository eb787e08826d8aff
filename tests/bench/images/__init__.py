"""Figures of images and datasets, without a cluster."""
