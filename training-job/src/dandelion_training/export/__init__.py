"""What will be served: the network's files, and the engine that runs them."""
