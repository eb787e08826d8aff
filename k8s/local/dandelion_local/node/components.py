"""What each program of the node is started with: command lines and configuration, as pure values.

`supervisor` starts these inside the node's namespaces. Nothing here touches the machine, so the
choices can be read, and tested, in one place.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from dandelion_local.node import network
from dandelion_local.node.certificates import NODE_NAME

PAUSE_IMAGE = "registry.k8s.io/pause:3.10"
CGROUP = "/dandelion"
MIRRORED = ("docker.io", "ghcr.io", "quay.io", "registry.k8s.io")
CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
ETCD = "http://127.0.0.1:2379"
AUDIT_LOG = "audit.log"
# Where the chart's own accounts are.
SYSTEM = "dandelion-system"


@dataclass(frozen=True)
class Layout:
    """The folders that a node uses; `binaries` maps a program's name to where it lies."""

    state: Path
    cache: Path
    binaries: dict[str, Path]

    @property
    def secrets(self) -> Path:
        return self.state / "certificates"

    @property
    def settings(self) -> Path:
        return self.state / "settings"

    @property
    def logs(self) -> Path:
        return self.state / "logs"


@dataclass(frozen=True)
class Component:
    name: str
    command: tuple[str, ...]


def components(layout: Layout) -> list[Component]:
    """All programs of the node, in the order in which they are started."""
    settings = layout.settings
    return [
        Component("etcd", etcd(layout)),
        Component("containerd", ("containerd", "--config", f"{settings}/containerd.toml")),
        Component("registry", (_bin(layout, "registry"), "serve", f"{settings}/registry.yml")),
        Component("kube-apiserver", apiserver(layout)),
        Component("kubelet", kubelet(layout)),
        Component("kube-proxy", proxy(layout)),
        Component("kube-network-policies", network_policies(layout)),
        Component("kube-controller-manager", controller_manager(layout)),
        Component("kube-scheduler", scheduler(layout)),
    ]


def setting_files(layout: Layout) -> dict[str, str]:
    """File name below the settings folder → what it holds. JSON is YAML, so most are JSON."""
    mirror = f"http://{network.REGISTRY}"
    files = {
        "containerd.toml": containerd(layout),
        "registry.yml": _json(registry(layout)),
        "kubelet.yml": _json(kubelet_configuration(layout)),
        "kube-proxy.yml": _json(proxy_configuration(layout)),
        "audit.yml": _json(audit_policy()),
        "cni/10-dandelion.conflist": _json(container_network()),
    }
    for public in MIRRORED:
        files[f"registries/{public}/hosts.toml"] = (
            f'server = "https://{public}"\n\n[host."{mirror}/v2/{public}"]\n'
            '  capabilities = ["pull", "resolve"]\n  override_path = true\n'
        )
    return files


def etcd(layout: Layout) -> tuple[str, ...]:
    return (
        _bin(layout, "etcd"),
        f"--data-dir={layout.state}/etcd",
        f"--listen-client-urls={ETCD}",
        f"--advertise-client-urls={ETCD}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        # The state goes with the cluster, so nothing is gained by waiting for the disk.
        "--unsafe-no-fsync",
        "--log-level=warn",
    )


def apiserver(layout: Layout) -> tuple[str, ...]:
    secrets = layout.secrets
    return (
        _bin(layout, "kube-apiserver"),
        f"--etcd-servers={ETCD}",
        f"--advertise-address={network.NODE}",
        f"--secure-port={network.API_PORT}",
        f"--service-cluster-ip-range={network.SERVICES}",
        f"--tls-cert-file={secrets}/apiserver.crt",
        f"--tls-private-key-file={secrets}/apiserver.key",
        f"--client-ca-file={secrets}/ca.crt",
        f"--kubelet-certificate-authority={secrets}/ca.crt",
        f"--kubelet-client-certificate={secrets}/apiserver-kubelet.crt",
        f"--kubelet-client-key={secrets}/apiserver-kubelet.key",
        "--kubelet-preferred-address-types=InternalIP",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        f"--service-account-key-file={secrets}/service-accounts.pub",
        f"--service-account-signing-key-file={secrets}/service-accounts.key",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--audit-policy-file={layout.settings}/audit.yml",
        f"--audit-log-path={layout.logs}/{AUDIT_LOG}",
        f"--requestheader-client-ca-file={secrets}/ca.crt",
        "--requestheader-allowed-names=aggregator",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={secrets}/aggregator.crt",
        f"--proxy-client-key-file={secrets}/aggregator.key",
    )


def audit_policy() -> dict[str, object]:
    """Which verbs the chart's accounts use on what: an end-to-end test compares that with their
    roles. Nothing of what was written or read.
    """
    ours = {"level": "Metadata", "userGroups": [f"system:serviceaccounts:{SYSTEM}"]}
    return {
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": [ours, {"level": "None"}],
    }


def controller_manager(layout: Layout) -> tuple[str, ...]:
    secrets = layout.secrets
    return (
        _bin(layout, "kube-controller-manager"),
        *_client(layout, "controller-manager"),
        f"--cluster-signing-cert-file={secrets}/ca.crt",
        f"--cluster-signing-key-file={secrets}/ca.key",
        f"--root-ca-file={secrets}/ca.crt",
        f"--service-account-private-key-file={secrets}/service-accounts.key",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
    )


def scheduler(layout: Layout) -> tuple[str, ...]:
    return (
        _bin(layout, "kube-scheduler"),
        *_client(layout, "scheduler"),
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
    )


def kubelet(layout: Layout) -> tuple[str, ...]:
    return (
        _bin(layout, "kubelet"),
        f"--config={layout.settings}/kubelet.yml",
        f"--kubeconfig={layout.secrets}/kubelet.kubeconfig",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={network.NODE}",
    )


def proxy(layout: Layout) -> tuple[str, ...]:
    return (_bin(layout, "kube-proxy"), f"--config={layout.settings}/kube-proxy.yml")


def network_policies(layout: Layout) -> tuple[str, ...]:
    return (
        _bin(layout, "kube-network-policies"),
        f"--kubeconfig={layout.secrets}/network-policies.kubeconfig",
        f"--hostname-override={NODE_NAME}",
        f"--nfqueue-id={network.POLICY_QUEUE}",
    )


def kubelet_configuration(layout: Layout) -> dict[str, object]:
    secrets = layout.secrets
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": network.NODE,
        "authentication": {
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
            "x509": {"clientCAFile": f"{secrets}/ca.crt"},
        },
        "authorization": {"mode": "Webhook"},
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": CGROUP,
        "clusterDNS": [network.DNS_SERVICE],
        "clusterDomain": "cluster.local",
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "enforceNodeAllocatable": [],
        "evictionHard": {},
        "failCgroupV1": False,
        "failSwapOn": False,
        # Images come from a registry one hop away, but a pull of gigabytes still costs a minute.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "makeIPTablesUtilChains": True,
        "nodeStatusUpdateFrequency": "5s",
        "resolvConf": "",
        "serializeImagePulls": False,
        "syncFrequency": "10s",
        "tlsCertFile": f"{secrets}/kubelet.crt",
        "tlsPrivateKeyFile": f"{secrets}/kubelet.key",
        "volumePluginDir": f"{layout.state}/volume-plugins",
    }


def proxy_configuration(layout: Layout) -> dict[str, object]:
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "clientConnection": {"kubeconfig": f"{layout.secrets}/proxy.kubeconfig"},
        "clusterCIDR": str(network.PODS),
        "conntrack": {"maxPerCore": 0, "min": 0},
        "hostnameOverride": NODE_NAME,
        "mode": "iptables",
        "iptables": {"minSyncPeriod": "100ms"},
        "metricsBindAddress": "127.0.0.1:10249",
        "healthzBindAddress": "127.0.0.1:10256",
    }


def container_network() -> dict[str, object]:
    """Every pod on a veth pair of its own: service addresses work without bridge netfilter."""
    ipam = {
        "type": "host-local",
        "dataDir": "/run/cni",
        "ranges": [[{"subnet": str(network.PODS)}]],
        "routes": [{"dst": "0.0.0.0/0"}],
    }
    return {
        "cniVersion": "0.4.0",
        "name": "dandelion",
        "plugins": [
            {"type": "ptp", "ipMasq": False, "ipam": ipam},
            {"type": "portmap", "capabilities": {"portMappings": True}},
        ],
    }


def containerd(layout: Layout) -> str:
    return f"""version = 2
root = "{layout.cache}/containerd"
state = "/run/containerd"
disabled_plugins = [
  "io.containerd.snapshotter.v1.aufs",
  "io.containerd.snapshotter.v1.btrfs",
  "io.containerd.snapshotter.v1.devmapper",
  "io.containerd.snapshotter.v1.zfs",
  "io.containerd.internal.v1.opt",
]

[grpc]
  address = "{CONTAINERD_SOCKET}"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE_IMAGE}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "{layout.settings}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    discard_unpacked_layers = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "{layout.settings}/registries"
"""


def registry(layout: Layout) -> dict[str, object]:
    return {
        "version": 0.1,
        "log": {"level": "warn", "accesslog": {"disabled": True}},
        "storage": {
            "filesystem": {"rootdirectory": f"{layout.cache}/registry"},
            "delete": {"enabled": True},
        },
        "http": {"addr": network.REGISTRY},
    }


def _client(layout: Layout, user: str) -> list[str]:
    kubeconfig = f"{layout.secrets}/{user}.kubeconfig"
    return [
        f"--kubeconfig={kubeconfig}",
        f"--authentication-kubeconfig={kubeconfig}",
        f"--authorization-kubeconfig={kubeconfig}",
    ]


def _bin(layout: Layout, name: str) -> str:
    return str(layout.binaries[name])


def _json(document: dict[str, object]) -> str:
    return json.dumps(document, indent=2) + "\n"
