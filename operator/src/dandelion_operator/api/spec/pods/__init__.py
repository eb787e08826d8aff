"""What a resource says of the pods that the operator makes for it."""
