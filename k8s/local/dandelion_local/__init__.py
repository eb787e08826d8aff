"""A real one-node Kubernetes for machines that have Linux and root, but no container engine.

`make demo` and `make test` need a cluster. This package builds one out of Go modules and Debian
packages, starts it in namespaces of its own, fills a registry with the project's images and takes
everything away again. It is run as ``PYTHONPATH=k8s/local python3 -m dandelion_local COMMAND`` by
the machine's own Python, so it imports nothing but the standard library.
"""
