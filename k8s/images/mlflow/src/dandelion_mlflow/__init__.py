"""Starts MLflow's server in the cluster."""
