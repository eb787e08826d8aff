"""The cluster's own certificate authority, its certificates and kubeconfigs.

Made anew for each cluster by the openssl program, below the state folder, readable by root only.
Called once by `up` before the node starts.
"""

import base64
import json
import os
from pathlib import Path

from dandelion_local.commands import Command, output
from dandelion_local.node import network

DAYS = "3650"
NODE_NAME = "dandelion"
SERVER_NAMES = (
    "DNS:kubernetes",
    "DNS:kubernetes.default",
    "DNS:kubernetes.default.svc",
    "DNS:kubernetes.default.svc.cluster.local",
    "DNS:localhost",
    "IP:127.0.0.1",
    f"IP:{network.NODE}",
    f"IP:{network.API_SERVICE}",
)

# Name of the file, subject, and for a server the names it answers to.
CERTIFICATES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("apiserver", "/CN=kube-apiserver", SERVER_NAMES),
    ("apiserver-kubelet", "/O=system:masters/CN=kube-apiserver-kubelet-client", ()),
    ("aggregator", "/CN=aggregator", ()),
    ("admin", "/O=system:masters/CN=dandelion-admin", ()),
    ("controller-manager", "/CN=system:kube-controller-manager", ()),
    ("scheduler", "/CN=system:kube-scheduler", ()),
    ("proxy", "/CN=system:kube-proxy", ()),
    ("network-policies", "/O=system:masters/CN=kube-network-policies", ()),
    (
        "kubelet",
        f"/O=system:nodes/CN=system:node:{NODE_NAME}",
        (f"DNS:{NODE_NAME}", f"IP:{network.NODE}"),
    ),
)
KUBECONFIGS = ("admin", "controller-manager", "scheduler", "proxy", "network-policies", "kubelet")


def create(folder: Path, kubeconfig: Path) -> None:
    """Writes every key, certificate and kubeconfig; `kubeconfig` is the person's own."""
    previous = os.umask(0o077)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        _authority(folder)
        signing, checking = folder / "service-accounts.key", folder / "service-accounts.pub"
        output(_key(signing))
        output(["openssl", "pkey", "-in", signing, "-pubout", "-out", checking])
        for name, subject, names in CERTIFICATES:
            _certificate(folder, name, subject, names)
        for name in KUBECONFIGS:
            (folder / f"{name}.kubeconfig").write_text(_kubeconfig(folder, name))
        kubeconfig.write_text(_kubeconfig(folder, "admin"))
    finally:
        os.umask(previous)


def _key(path: Path) -> Command:
    curve = ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]
    return ["openssl", "genpkey", *curve, "-out", path]


def _authority(folder: Path) -> None:
    output(_key(folder / "ca.key"))
    subject = ["-subj", "/CN=dandelion-local", "-days", DAYS]
    usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign,digitalSignature"]
    files: Command = ["-key", folder / "ca.key", "-out", folder / "ca.crt"]
    output(["openssl", "req", "-x509", "-new", *files, *subject, *usage])


def _certificate(folder: Path, name: str, subject: str, names: tuple[str, ...]) -> None:
    output(_key(folder / f"{name}.key"))
    key: Command = ["-key", folder / f"{name}.key"]
    request = output(["openssl", "req", "-new", *key, "-subj", subject])
    usage = "clientAuth,serverAuth" if names else "clientAuth"
    extensions = [f"extendedKeyUsage={usage}", "keyUsage=critical,digitalSignature"]
    if names:
        extensions.append(f"subjectAltName={','.join(names)}")
    options = folder / f"{name}.ext"
    options.write_text("\n".join(extensions) + "\n")
    authority: Command = ["-CA", folder / "ca.crt", "-CAkey", folder / "ca.key"]
    result: Command = ["-out", folder / f"{name}.crt", "-days", DAYS]
    command = ["openssl", "x509", "-req", *authority, "-extfile", options, *result]
    output(command, stdin=request)
    options.unlink()


def _kubeconfig(folder: Path, user: str) -> str:
    """JSON, which every reader of kubeconfig files takes for the YAML that it also is."""

    def data(file: str) -> str:
        return base64.b64encode((folder / file).read_bytes()).decode()

    cluster = {"server": network.API_SERVER, "certificate-authority-data": data("ca.crt")}
    credentials = {
        "client-certificate-data": data(f"{user}.crt"),
        "client-key-data": data(f"{user}.key"),
    }
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "dandelion-local",
        "clusters": [{"name": "dandelion-local", "cluster": cluster}],
        "users": [{"name": "dandelion-local", "user": credentials}],
        "contexts": [
            {
                "name": "dandelion-local",
                "context": {"cluster": "dandelion-local", "user": "dandelion-local"},
            }
        ],
    }
    return json.dumps(document, indent=2) + "\n"
