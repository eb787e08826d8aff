"""The resource and its words: spec, status, reasons, names, places, digests. Pure."""
