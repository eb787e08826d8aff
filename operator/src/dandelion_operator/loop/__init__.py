"""One look at one resource: observe, decide, apply, report."""
