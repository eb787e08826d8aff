"""The API server of Kubernetes, in plain JSON."""
