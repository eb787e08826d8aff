"""The process and the order of the stages."""
