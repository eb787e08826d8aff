"""Which models are trained, and which of them is promoted."""
