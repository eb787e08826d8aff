"""End-to-end: what a person with kubectl, a bucket and a browser would see on a real cluster."""
