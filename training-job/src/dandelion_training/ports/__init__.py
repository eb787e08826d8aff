"""All that touches the outside: what a run is told, what it reads and writes, what it tells."""
