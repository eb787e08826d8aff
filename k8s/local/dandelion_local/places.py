"""Where things lie: what is kept between clusters (cache) and what a cluster owns (state).

Every other module asks here, so that "what does it leave behind?" has one answer: the cache folder
stays until a person removes it, the state folder goes with the cluster.
"""

import os
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[3]
LOCAL = REPOSITORY / "k8s" / "local"


def cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "dandelion"


def state() -> Path:
    base = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "dandelion"


def kubeconfig() -> Path:
    return state() / "kubeconfig"


def logs() -> Path:
    return state() / "logs"
