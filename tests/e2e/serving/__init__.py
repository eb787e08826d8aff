"""What callers are answered, who may call, and what is kept of it."""
