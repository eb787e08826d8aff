"""Whether the tests of the operator's pure core notice when a rule is swapped, dropped or forced."""
