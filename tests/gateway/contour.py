"""A gateway as clusters have them: Contour, which reads the API server, and Envoy, which it leads.

Both run as processes beside the API server. One Gateway listens for HTTPS with a certificate of its
own; Ingress is served beside it, over HTTPS with the certificates that it names and over HTTP.
"""

from __future__ import annotations

import json
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from dandelion_local import places, tools
from running.cached_environments import environment_of

from tests.api.server import free_ports
from tests.chart import kubernetes_schemas

ENVOY = places.REPOSITORY / "inference/tests/thorough/clients/requirements-proxies.txt"
NAMESPACE, NAME, LISTENER, CERTIFICATE = "gateways", "public", "https", "wildcard"
PARENT = {"name": NAME, "namespace": NAMESPACE, "sectionName": LISTENER}
DOMAIN = "example.com"
#: What Contour writes into the status of each Ingress that it serves.
ADDRESS = "192.0.2.10"
INGRESS_CLASS = "contour"
#: Namespaces with this label may have routes to the Gateway.
ADMITTED = {"example.com/gateway": "public"}
UNUSED = ("extensionservices", "tlsroutes", "grpcroutes", "tcproutes", "backendtlspolicies")
#: Envoy has no right to low ports: Contour adds this to each port of a Gateway.
MOVED = 8000
START_SECONDS = 60
Kubectl = Callable[..., str]


@dataclass(frozen=True)
class Gateway:
    """`https` and `http` are Envoy's ports. Clients see 443 and 80, as through a load balancer."""

    kubectl: Kubectl
    folder: Path
    https: int
    http: int

    @property
    def authority(self) -> Path:
        """The certificate by which it is known."""
        return self.folder / "gateway.crt"

    def client(self, url: str, **headers: str) -> httpx.Client:
        """What asks for addresses below `url`, whose host leads to the gateway."""
        return httpx.Client(
            base_url=url, transport=_Here(self), headers=headers, timeout=60, trust_env=False
        )

    def status(self, kind: str, name: str, namespace: str) -> Mapping[str, Any]:
        found = json.loads(self.kubectl("get", kind, name, "-n", namespace, "-o", "json"))
        return dict(found.get("status") or {})

    def await_answer(self, url: str) -> None:
        """Until whatever is behind `url` answers there: Envoy is told of a route a moment after
        its status."""
        deadline, last = time.monotonic() + START_SECONDS, "nothing"
        with self.client(url) as client:
            while time.monotonic() < deadline:
                try:
                    answer = client.get(url)
                except httpx.TransportError as error:
                    last = str(error)
                else:
                    if answer.status_code not in (404, 503):
                        return
                    last = f"{answer.status_code} {answer.text}"
                time.sleep(0.1)
        raise AssertionError(f"{url}: {last}\n{self.log()}")

    def log(self) -> str:
        return "\n".join(
            f"--- {log.name}\n{log.read_text()[-3000:]}" for log in self.folder.glob("*.log")
        )


class _Here(httpx.BaseTransport):
    """Connects to the gateway, whatever the name: the names of these tests are in no DNS."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        trusted = ssl.create_default_context(cafile=str(gateway.authority))
        self._inner = httpx.HTTPTransport(verify=trusted)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        port = {"https": self._gateway.https, "http": self._gateway.http}[request.url.scheme]
        named = {"sni_hostname": request.url.host}
        moved = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1", port=port),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, **named},
        )
        return self._inner.handle_request(moved)

    def close(self) -> None:
        self._inner.close()


@contextmanager
def running(
    kubectl: Kubectl, kubeconfig: Path, folder: Path, names: Sequence[str]
) -> Iterator[Gateway]:
    """`names`: what the certificate is good for."""
    tools.ensure([tools.named("contour")])
    https, http, xds, *own = free_ports(7)
    gateway = Gateway(kubectl, folder, https, http)
    _certify(folder, names)
    crds = [*kubernetes_schemas.gateway_crds(), *kubernetes_schemas.contour_crds()]
    _apply(kubectl, crds)
    for crd in crds:
        name = f"crd/{crd['metadata']['name']}"
        kubectl("wait", "--for=condition=Established", name, "--timeout=60s")
    _apply(kubectl, _objects(gateway))
    processes: list[subprocess.Popen[bytes]] = []
    try:
        processes.append(_start(folder, "contour", _contour(folder, kubeconfig, xds, own)))
        processes.append(_start(folder, "envoy", _envoy(folder, xds)))
        _await(gateway, processes)
        yield gateway
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait(30)


def certificate(namespace: str, gateway: Gateway) -> Mapping[str, Any]:
    """The Secret with the certificate, as an Ingress of that namespace names it."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": CERTIFICATE, "namespace": namespace},
        "stringData": {
            "tls.crt": gateway.authority.read_text(),
            "tls.key": (gateway.folder / "gateway.key").read_text(),
        },
    }


def _apply(kubectl: Kubectl, objects: Sequence[Mapping[str, Any]]) -> None:
    documents = yaml.safe_dump_all([dict(item) for item in objects])
    kubectl("apply", "--server-side", "-f", "-", stdin=documents)


def _certify(folder: Path, names: Sequence[str]) -> None:
    alternatives = ",".join(f"DNS:{name}" for name in names)
    files = ["-keyout", str(folder / "gateway.key"), "-out", str(folder / "gateway.crt")]
    subject = ["-subj", "/CN=gateway", "-addext", f"subjectAltName={alternatives}"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subprocess.run([*made, *subject, *files], check=True, capture_output=True, timeout=60)


def _objects(gateway: Gateway) -> list[Mapping[str, Any]]:
    """The Gateway, with a listener for routes and two for Ingress."""
    api = {"apiVersion": "gateway.networking.k8s.io/v1"}
    told = {"mode": "Terminate", "certificateRefs": [{"name": CERTIFICATE}]}
    admitted = {"from": "Selector", "selector": {"matchLabels": ADMITTED}}
    port, plain = gateway.https - MOVED, gateway.http - MOVED
    listeners = [
        {
            "name": LISTENER,
            "port": port,
            "protocol": "HTTPS",
            "hostname": f"*.{DOMAIN}",
            "tls": told,
            "allowedRoutes": {"namespaces": admitted},
        },
        {"name": "ingress-https", "port": port, "protocol": "projectcontour.io/https"},
        {"name": "ingress-http", "port": plain, "protocol": "HTTP"},
    ]
    controller = {"controllerName": "projectcontour.io/gateway-controller"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
        certificate(NAMESPACE, gateway),
        api | {"kind": "GatewayClass", "metadata": {"name": "contour"}, "spec": controller},
        {
            **api,
            "kind": "Gateway",
            "metadata": {"name": NAME, "namespace": NAMESPACE},
            "spec": {"gatewayClassName": "contour", "listeners": listeners},
        },
    ]


def _contour(folder: Path, kubeconfig: Path, xds: int, own: Sequence[int]) -> list[str]:
    configuration = folder / "contour.yaml"
    configuration.write_text(f"gateway: {{gatewayRef: {{namespace: {NAMESPACE}, name: {NAME}}}}}\n")
    stats, health, metrics, debug = own
    here = "127.0.0.1"
    return [
        *(str(tools.path("contour")), "serve", f"--config-path={configuration}"),
        *(f"--kubeconfig={kubeconfig}", "--disable-leader-election", "--insecure"),
        *(f"--xds-address={here}", f"--xds-port={xds}"),
        *(f"--stats-address={here}", f"--stats-port={stats}"),
        *(f"--health-address={here}", f"--health-port={health}"),
        *(f"--http-address={here}", f"--http-port={metrics}"),
        *(f"--debug-http-address={here}", f"--debug-http-port={debug}"),
        *(f"--ingress-class-name={INGRESS_CLASS}", f"--ingress-status-address={ADDRESS}"),
        *(f"--disable-feature={feature}" for feature in UNUSED),
    ]


def _envoy(folder: Path, xds: int) -> list[str]:
    bootstrap = folder / "envoy.json"
    subprocess.run(
        [
            *(str(tools.path("contour")), "bootstrap", str(bootstrap)),
            *("--xds-address=127.0.0.1", f"--xds-port={xds}"),
            *(f"--admin-address={folder / 'admin.sock'}", f"--namespace={NAMESPACE}"),
        ],
        check=True,
        capture_output=True,
        timeout=60,
    )
    binary = environment_of("proxies", ENVOY) / "bin/envoy"
    known = ["--service-cluster", NAMESPACE, "--service-node", NAME]
    alone = ["--use-dynamic-base-id", "--concurrency", "1", "-l", "warning"]
    return [str(binary), "-c", str(bootstrap), *known, *alone]


def _await(gateway: Gateway, processes: Sequence[subprocess.Popen[bytes]]) -> None:
    """Until the Gateway is programmed. Envoy opens a port once something is routed there."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        for process in processes:
            assert process.poll() is None, gateway.log()
        found = gateway.status("gateway", NAME, NAMESPACE).get("conditions", [])
        if any(item["type"] == "Programmed" and item["status"] == "True" for item in found):
            return
        time.sleep(0.2)
    raise AssertionError(gateway.log())


def _start(folder: Path, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
    with (folder / f"{name}.log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env={"PATH": "/usr/bin:/bin", "HOME": str(folder)},
        )
