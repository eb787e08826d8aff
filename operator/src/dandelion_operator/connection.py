"""How the operator reaches the API server: with its service account, or else a kubeconfig.

kopf's own minimal logins do the reading; this module makes them one for kopf's watches and one
httpx client for everything else, and keeps the service account's token, which Kubernetes renews
about every hour, fresh in both.
"""

from __future__ import annotations

import dataclasses
import os
import time
from collections.abc import Generator
from pathlib import Path

import httpx
import kopf

from dandelion_operator.fence import READ_SECONDS

TOKEN_FILE = Path("/var/run/secrets/kubernetes.io/serviceaccount/token")
TOKEN_REREAD_SECONDS = 60.0
CONNECT_SECONDS = 3.0


class FreshToken(httpx.Auth):
    def __init__(self, file: Path) -> None:
        self._file = file
        self._token = ""
        self._read_at = float("-inf")

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if time.monotonic() - self._read_at > TOKEN_REREAD_SECONDS:
            self._token = self._file.read_text().strip()
            self._read_at = time.monotonic()
        request.headers["Authorization"] = f"Bearer {self._token}"
        response = yield request
        if response.status_code == httpx.codes.UNAUTHORIZED:
            self._read_at = float("-inf")


def log_in(settings: kopf.OperatorSettings) -> kopf.ConnectionInfo:
    info = kopf.login_with_service_account(settings=settings)
    if info is not None:
        host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
        bracketed = f"[{host}]" if ":" in host else host
        return dataclasses.replace(info, server=f"https://{bracketed}:{port}")
    info = kopf.login_with_kubeconfig(settings=settings)
    if info is None:
        raise kopf.LoginError(
            "neither a service account token nor a kubeconfig was found: run in a cluster, "
            "or set KUBECONFIG"
        )
    return info


def http_client(info: kopf.ConnectionInfo) -> httpx.AsyncClient:
    in_cluster = TOKEN_FILE.exists()
    return httpx.AsyncClient(
        base_url=info.server,
        verify=info.as_ssl_context(),
        headers={} if in_cluster else info.as_http_headers(),
        auth=FreshToken(TOKEN_FILE) if in_cluster else None,
        timeout=httpx.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        limits=httpx.Limits(max_connections=16, max_keepalive_connections=8),
        trust_env=False,
    )
