"""The image registry of the local cluster, seen from this machine.

It runs with the node and keeps its content in the cache, one repository per public name:
docker.io/library/python becomes 172.30.0.2:5000/docker.io/library/python. `images` pushes to it
and asks here what it already has; containerd is configured to pull every public name from it.
"""

from pathlib import Path

from dandelion_local import places
from dandelion_local.node import network


def address(reference: str) -> str:
    """Where a public reference lies in the local registry."""
    return f"{network.REGISTRY}/{reference}"


def digest(reference: str) -> str | None:
    """What the tag points to at present, read from the registry's own files."""
    repository, _, tag = reference.rpartition(":")
    link = _storage() / "repositories" / repository / "_manifests" / "tags" / tag / "current/link"
    return link.read_text().strip() if link.exists() else None


def _storage() -> Path:
    return places.cache() / "registry" / "docker" / "registry" / "v2"
