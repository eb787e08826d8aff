"""What a reconcile read, as frozen values, and what follows from that alone. Pure."""
