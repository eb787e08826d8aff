"""The chart's two Jobs, which run once per install and upgrade."""
