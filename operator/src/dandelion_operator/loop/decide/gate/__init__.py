"""Whether a version may serve: the evidence, the rules, the words."""
