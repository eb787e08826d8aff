"""Who may ask, whether there is room, and the bytes that they send."""
