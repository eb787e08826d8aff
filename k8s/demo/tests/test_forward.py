"""Reaching a service of somebody's own cluster, whose addresses are not reachable from here.

kubectl is a script here that says what kubectl says, since the local node needs no forwarding.
"""

from pathlib import Path

import pytest
from dandelion_demo.kube import Cluster
from dandelion_local.commands import SetupError

FORWARDS = """\
#!/bin/sh
echo "$@" > "$0.asked"
echo "Forwarding from 127.0.0.1:40123 -> 9000"
echo "Forwarding from [::1]:40123 -> 9000"
exec sleep 60
"""

REFUSES = """\
#!/bin/sh
echo 'Error from server (NotFound): services "minio" not found' >&2
exit 1
"""


def cluster(folder: Path, script: str) -> Cluster:
    kubectl = folder / "kubectl"
    kubectl.write_text(script)
    kubectl.chmod(0o755)
    return Cluster(kubectl, folder / "helm", None, "kind", routable=False)


def test_kubectl_takes_a_port_itself_and_tells_it(tmp_path: Path) -> None:
    with cluster(tmp_path, FORWARDS).reach("models", "minio", 9000) as url:
        assert url == "http://127.0.0.1:40123"
    asked = (tmp_path / "kubectl.asked").read_text().split()
    assert asked == ["--context", "kind", "port-forward", "-n", "models", "service/minio", ":9000"]


def test_what_kubectl_says_against_it_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(SetupError, match='services "minio" not found'),
        cluster(tmp_path, REFUSES).reach("models", "minio", 9000),
    ):
        pass
