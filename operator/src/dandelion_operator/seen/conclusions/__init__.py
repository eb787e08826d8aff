"""What follows from what was read, and from that alone."""
