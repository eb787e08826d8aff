"""The official client over a real connection: what reaches the API server, how often, as whom."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import kopf
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.kube import cluster, connection
from dandelion_operator.ports.kube.cluster import Cluster, UnreachableError
from dandelion_operator.ports.kube.connection import ApiServer
from dandelion_operator.ports.kube.objects import DEPLOYMENT, JOB, LEASE
from kubernetes.aio.config import incluster_config, kube_config

BODY = {"metadata": {"namespace": "default", "name": "x"}, "spec": {"n": 1}}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
def pod(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Not in a cluster, until its token is written."""
    monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "10.96.0.1")
    monkeypatch.setenv("KUBERNETES_SERVICE_PORT", "443")
    monkeypatch.setattr(incluster_config, "SERVICE_TOKEN_FILENAME", str(tmp_path / "token"))
    monkeypatch.setattr(incluster_config, "SERVICE_CERT_FILENAME", str(tmp_path / "ca.crt"))
    monkeypatch.setattr(kube_config, "KUBE_CONFIG_DEFAULT_LOCATION", str(tmp_path / "kubeconfig"))
    # Of no time-out is told here, so a machine that stands still for a while meets none.
    monkeypatch.setattr(connection, "TIMEOUT", aiohttp.ClientTimeout(total=60))
    for name in ("READ_SECONDS", "WRITE_SECONDS"):
        monkeypatch.setattr(cluster, name, 60)
    return tmp_path


@pytest.fixture
def nobody() -> Iterator[str]:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and nobody listens; let go, it would be somebody else's soon
        yield f"http://127.0.0.1:{held.getsockname()[1]}"


def write_kubeconfig(folder: Path, server: str, token: str = "person") -> None:
    content = {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": {"server": server}}],
        "users": [{"name": "it", "user": {"token": token}}],
    }
    (folder / "kubeconfig").write_text(json.dumps(content))


async def ask(
    folder: Path, handle: Handler, calls: Callable[[Cluster, ApiServer], Awaitable[Any]]
) -> Any:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    async with TestServer(app) as server:
        write_kubeconfig(folder, str(server.make_url("/")))
        api = ApiServer(await connection.configuration())
        fence = Fence()
        fence.open_until(float("inf"))
        try:
            return await calls(Cluster(api, fence), api)
        finally:
            await api.aclose()


def test_apply_arrives_as_it_was_meant(pod: Path) -> None:
    seen: dict[str, Any] = {}

    async def handle(request: web.Request) -> web.StreamResponse:
        seen.update(method=request.method, path=request.path, query=dict(request.query))
        seen.update(type=request.content_type, who=request.headers["Authorization"])
        seen.update(body=json.loads(await request.text()))
        return web.json_response({"kind": "Deployment"})

    answer = asyncio.run(ask(pod, handle, lambda cluster, _: cluster.apply(DEPLOYMENT, BODY)))
    assert answer == {"kind": "Deployment"}
    assert seen == {
        "method": "PATCH",
        "path": "/apis/apps/v1/namespaces/default/deployments/x",
        "query": {"fieldManager": "dandelion-operator", "force": "true"},
        "type": "application/apply-patch+yaml",
        "who": "Bearer person",
        "body": BODY,
    }


def test_a_selector_arrives_as_it_was_written(pod: Path) -> None:
    async def handle(request: web.Request) -> web.StreamResponse:
        return web.json_response({"items": [request.query["labelSelector"]]})

    selector = "dandelion.dev/model=lawn,b"
    found = asyncio.run(ask(pod, handle, lambda cluster, _: cluster.list(JOB, "default", selector)))
    assert found == [selector]


WRITES: dict[str, Callable[[Cluster], Awaitable[Any]]] = {
    "create": lambda cluster: cluster.create(JOB, BODY),
    "apply": lambda cluster: cluster.apply(DEPLOYMENT, BODY),
    "delete": lambda cluster: cluster.delete(JOB, "default", "x"),
    "the lease": lambda cluster: cluster.replace(LEASE, BODY),
}


@pytest.mark.parametrize("name", WRITES)
def test_a_write_whose_connection_breaks_is_not_sent_again(name: str, pod: Path) -> None:
    asked: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(request.method)
        if request.method != "GET":
            assert request.transport is not None
            request.transport.close()
        return web.json_response({})

    async def calls(cluster: Cluster, _: ApiServer) -> None:
        await cluster.get(JOB, "default", "x")
        with pytest.raises(UnreachableError, match="does not answer"):
            await WRITES[name](cluster)

    asyncio.run(ask(pod, handle, calls))
    assert len(asked) == 2


@pytest.mark.parametrize("status", [429, 503])
def test_told_to_try_later_only_reads_are_sent_again(status: int, pod: Path) -> None:
    asked: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        asked.append(request.method)
        return web.Response(status=status, headers={"Retry-After": "1"}, text="busy")

    async def calls(cluster: Cluster, _: ApiServer) -> None:
        for call in (cluster.get(JOB, "default", "x"), cluster.replace(LEASE, BODY)):
            with pytest.raises(UnreachableError, match=f"HTTP {status}"):
                await call

    asyncio.run(ask(pod, handle, calls))
    assert asked == ["GET", "GET", "GET", "PUT"]


def test_nobody_there_is_unreachable(pod: Path, nobody: str) -> None:
    write_kubeconfig(pod, nobody)

    async def call() -> None:
        api = ApiServer(await connection.configuration())
        try:
            with pytest.raises(UnreachableError, match="does not answer"):
                await Cluster(api, Fence()).get(JOB, "default", "x")
        finally:
            await api.aclose()

    asyncio.run(call())


def test_in_a_pod_the_service_account_wins_and_kopf_gets_the_same(pod: Path) -> None:
    write_kubeconfig(pod, "http://elsewhere")
    (pod / "token").write_text("pod")
    (pod / "ca.crt").write_text("a certificate")
    info = asyncio.run(connection.log_in(kopf.OperatorSettings()))
    assert (info.server, info.ca_path) == ("https://10.96.0.1:443", str(pod / "ca.crt"))
    assert info.as_http_headers() == {"Authorization": "Bearer pod"}


def test_a_refused_token_is_read_again_at_once_and_tls_is_verified(
    pod: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ["-subj", "/CN=api", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(pod / "tls.key"), "-out", str(pod / "ca.crt")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names, *files]
    subprocess.run(command, check=True, capture_output=True)
    (pod / "token").write_text("old")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pod / "ca.crt", pod / "tls.key")

    async def handle(request: web.Request) -> web.StreamResponse:
        who = request.headers["Authorization"].split()[1]
        return web.json_response({"who": who}, status=401 if who == "old" else 200)

    async def call() -> list[tuple[int, Any]]:
        app = web.Application()
        app.router.add_get("/version", handle)
        server = TestServer(app, scheme="https")
        await server.start_server(ssl=tls)
        monkeypatch.setenv("KUBERNETES_SERVICE_HOST", "127.0.0.1")
        monkeypatch.setenv("KUBERNETES_SERVICE_PORT", str(server.port))
        api = ApiServer(await connection.configuration())
        (pod / "token").write_text("new")
        try:
            return [await api.request("GET", "/version") for _ in range(2)]
        finally:
            await api.aclose()
            await server.close()

    assert asyncio.run(call()) == [(401, {"who": "old"}), (200, {"who": "new"})]


def test_without_any_credentials_the_way_out_is_named(pod: Path) -> None:
    with pytest.raises(kopf.LoginError, match="run in a cluster, or set KUBECONFIG"):
        asyncio.run(connection.configuration())


def test_a_proxy_of_the_environment_is_not_asked(
    pod: Path, monkeypatch: pytest.MonkeyPatch, nobody: str
) -> None:
    monkeypatch.setenv("http_proxy", nobody)

    async def handle(request: web.Request) -> web.StreamResponse:
        return web.json_response({"kind": "Job"})

    found = asyncio.run(ask(pod, handle, lambda cluster, _: cluster.get(JOB, "default", "x")))
    assert found == {"kind": "Job"}
