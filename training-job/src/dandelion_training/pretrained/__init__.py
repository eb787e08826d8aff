"""The chart's set-up Job that fetches published weights into the models bucket, once."""
