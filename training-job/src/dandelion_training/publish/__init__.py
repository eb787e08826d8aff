"""What leaves a run: for serving, for the operator, for people."""
