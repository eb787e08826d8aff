"""What in an image decided."""
