"""The chart, its upgrades, and what it has watched."""
