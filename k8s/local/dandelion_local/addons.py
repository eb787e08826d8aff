"""What makes a bare API server a cluster that charts expect: DNS and a default StorageClass.

Both are ordinary Deployments from images made here; `up` applies them once the node is Ready.
"""

import json

from dandelion_local import places
from dandelion_local.commands import SetupError
from dandelion_local.images import catalogue
from dandelion_local.node import lifecycle, network
from dandelion_local.progress import Step

# Names outside the cluster do not exist here: a clear answer, as they would get elsewhere.
COREFILE = """.:53 {
    errors
    health
    ready
    kubernetes cluster.local in-addr.arpa {
        ttl 5
    }
    template ANY ANY . {
        rcode NXDOMAIN
    }
    cache 5
}
"""
SETUP = '#!/bin/sh\nset -eu\nmkdir -m 0777 -p "$VOL_DIR"\n'
TEARDOWN = '#!/bin/sh\nset -eu\nrm -rf "$VOL_DIR"\n'
READY_LIMIT = 240
Manifest = dict[str, object]


def apply() -> None:
    """Does nothing where both answer already."""
    with Step("start cluster DNS and volume provisioner"):
        documents = {"apiVersion": "v1", "kind": "List", "items": [*dns(), *volumes()]}
        lifecycle.kubectl("apply", "--server-side", "-f", "-", stdin=json.dumps(documents))
        for namespace, name in DEPLOYMENTS:
            target = [f"deployment/{name}", "-n", namespace]
            try:
                limit = f"--timeout={READY_LIMIT}s"
                lifecycle.kubectl("rollout", "status", *target, limit, timeout=READY_LIMIT + 30)
            except SetupError as error:
                said = lifecycle.kubectl("describe", "pods", "-n", namespace, check=False)
                raise SetupError(f"{error}\n{said[-3000:]}") from None


DEPLOYMENTS = (("kube-system", "coredns"), ("local-path-storage", "local-path-provisioner"))


def _meta(name: str, namespace: str | None = None, **labels: str) -> Manifest:
    place = {"namespace": namespace} if namespace else {}
    return {"name": name, **place, "labels": {"app.kubernetes.io/name": name, **labels}}


def _role(name: str, namespace: str, rules: list[Manifest]) -> list[Manifest]:
    """A service account and what it may do in the whole cluster."""
    group = "rbac.authorization.k8s.io"
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": _meta(name, namespace)},
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRole",
            "metadata": _meta(f"dandelion-local-{name}"),
            "rules": rules,
        },
        {
            "apiVersion": f"{group}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": _meta(f"dandelion-local-{name}"),
            "roleRef": {
                "apiGroup": group,
                "kind": "ClusterRole",
                "name": f"dandelion-local-{name}",
            },
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": namespace}],
        },
    ]


def _rule(group: str, resources: list[str], verbs: list[str]) -> Manifest:
    return {"apiGroups": [group], "resources": resources, "verbs": verbs}


def _deployment(
    name: str, namespace: str, container: Manifest, volumes: list[Manifest]
) -> Manifest:
    labels = {"app.kubernetes.io/name": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": _meta(name, namespace),
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "serviceAccountName": name,
                    "priorityClassName": "system-cluster-critical",
                    "containers": [{"name": name, **container}],
                    "volumes": volumes,
                },
            },
        },
    }


def dns() -> list[Manifest]:
    watched = ["services", "pods", "namespaces"]
    rules = [
        _rule("", watched, ["list", "watch"]),
        _rule("discovery.k8s.io", ["endpointslices"], ["list", "watch"]),
    ]
    container: Manifest = {
        "image": catalogue.COREDNS,
        # Without a request the kernel would give it no time while a training Job runs.
        "resources": {"requests": {"cpu": "100m", "memory": "70Mi"}},
        "args": ["-conf", "/etc/coredns/Corefile"],
        "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 1},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns"}],
    }
    config: Manifest = {"name": "config", "configMap": {"name": "coredns"}}
    ports = [
        {"name": f"dns-{protocol.lower()}", "port": 53, "protocol": protocol}
        for protocol in ("UDP", "TCP")
    ]
    return [
        *_role("coredns", "kube-system", rules),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": _meta("coredns", "kube-system"),
            "data": {"Corefile": COREFILE},
        },
        _deployment("coredns", "kube-system", container, [config]),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": _meta("kube-dns", "kube-system", **{"k8s-app": "kube-dns"}),
            "spec": {
                "clusterIP": network.DNS_SERVICE,
                "selector": {"app.kubernetes.io/name": "coredns"},
                "ports": ports,
            },
        },
    ]


def volumes() -> list[Manifest]:
    """Volumes are folders below the state folder, so they go with the cluster."""
    name, namespace = "local-path-provisioner", "local-path-storage"
    all_verbs = ["get", "list", "watch", "create", "patch", "update", "delete"]
    rules = [
        _rule("", ["nodes", "persistentvolumeclaims", "configmaps"], ["get", "list", "watch"]),
        _rule("", ["pods", "pods/log", "persistentvolumes", "endpoints", "events"], all_verbs),
        _rule("storage.k8s.io", ["storageclasses"], ["get", "list", "watch"]),
        _rule("coordination.k8s.io", ["leases"], all_verbs),
    ]
    paths = [{"node": "DEFAULT_PATH_FOR_NON_LISTED_NODES", "paths": [f"{places.state()}/volumes"]}]
    helper_container = {
        "name": "helper-pod",
        "image": catalogue.BUSYBOX,
        "resources": {"requests": {"cpu": "20m"}},
    }
    helper = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "helper-pod"},
        "spec": {"containers": [helper_container]},
    }
    container: Manifest = {
        "image": catalogue.PROVISIONER,
        "resources": {"requests": {"cpu": "20m", "memory": "30Mi"}},
        "args": [
            "start",
            "--config=/etc/config/config.json",
            f"--service-account-name={name}",
            f"--helper-image={catalogue.BUSYBOX}",
            f"--configmap-name={name}",
        ],
        "env": [
            {"name": "POD_NAMESPACE", "value": namespace},
            {"name": "CONFIG_MOUNT_PATH", "value": "/etc/config/"},
        ],
        "volumeMounts": [{"name": "config", "mountPath": "/etc/config"}],
    }
    config: Manifest = {"name": "config", "configMap": {"name": name}}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": _meta(namespace)},
        *_role(name, namespace, rules),
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": _meta(name, namespace),
            "data": {
                "config.json": json.dumps({"nodePathMap": paths}),
                "setup": SETUP,
                "teardown": TEARDOWN,
                "helperPod.yaml": json.dumps(helper),
            },
        },
        _deployment(name, namespace, container, [config]),
        {
            "apiVersion": "storage.k8s.io/v1",
            "kind": "StorageClass",
            "metadata": {
                "name": "local-path",
                "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
            },
            "provisioner": "rancher.io/local-path",
            "volumeBindingMode": "WaitForFirstConsumer",
            "reclaimPolicy": "Delete",
        },
    ]
