"""Faults between the operator and what it talks to: the API server, MLflow and the object store.

`proxy` runs in a pod of the cluster and knows no test; `wire` puts the installed operator behind it
and takes it out again; `faults` is what a test writes rules with.
"""
