"""Whether the operator's unit tests notice a rule that is swapped, dropped or forced."""
