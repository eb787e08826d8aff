"""What a look found, as frozen values, and what follows from that alone. Pure."""
