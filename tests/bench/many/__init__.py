"""The operator with many resources: a real API server, MLflow and MinIO, and no cluster."""
