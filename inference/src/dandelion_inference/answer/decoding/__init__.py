"""From an upload's bytes to the network's input, within the memory of the container."""
