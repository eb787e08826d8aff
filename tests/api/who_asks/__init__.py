"""Who may ask for what by a ModelDeployment's annotations, and whose name stands beside it."""
