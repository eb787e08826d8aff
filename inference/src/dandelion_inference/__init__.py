"""Dandelion's inference service: one exact model version, fetched by digest, served over HTTP."""

__version__ = "0.1.0"
