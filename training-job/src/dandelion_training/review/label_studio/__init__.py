"""The queue in Label Studio: its tasks as they are written, and a project that holds them."""
