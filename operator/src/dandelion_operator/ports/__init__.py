"""All that touches the outside: API server, MLflow, S3, serving pods, Prometheus; no decisions."""
