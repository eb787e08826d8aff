"""The running process: what kopf calls, settings, logs, health, and the election of a leader."""
