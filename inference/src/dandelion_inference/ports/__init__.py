"""What the process is told, may use and tells: environment, object store, metrics, log."""
