"""How a request reaches an endpoint: within a budget, in its lane, and what its faults mean."""
