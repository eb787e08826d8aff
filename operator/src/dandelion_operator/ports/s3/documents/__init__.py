"""What lies in the store: each kind of document, and what is read of it."""
