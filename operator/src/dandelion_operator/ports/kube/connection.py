"""How the operator reaches the API server: with its service account, or else a kubeconfig.

The official client reads either, verifies TLS, reads the service account's token anew every minute
(Kubernetes renews it about every hour), and sends; objects stay the plain dictionaries that the
builders make. `handlers` makes one `ApiServer` for `cluster`, and kopf's watches their credentials.
"""

from __future__ import annotations

import json
from typing import Any

import aiohttp
import kopf
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration

from dandelion_operator.ports.fence import READ_SECONDS

CONNECT_SECONDS = 3.0
TIMEOUT = aiohttp.ClientTimeout(total=READ_SECONDS, sock_connect=CONNECT_SECONDS)
BEARER = "BearerToken"


async def configuration() -> Configuration:
    found = Configuration(
        connection_pool_maxsize=16,
        client_session_kwargs={"trust_env": False, "middlewares": (send_writes_once,)},
    )
    try:
        config.load_incluster_config(found)
    except config.ConfigException as not_in_a_pod:
        try:
            await config.load_kube_config(client_configuration=found, persist_config=False)
        except config.ConfigException as error:
            raise kopf.LoginError(
                "neither a service account nor a kubeconfig was found: run in a cluster, or set "
                f"KUBECONFIG ({not_in_a_pod}; {error})"
            ) from error
    return found


async def log_in(settings: kopf.OperatorSettings) -> kopf.ConnectionInfo:
    """The same credentials for kopf's watches; it asks again when the API server refuses them."""
    found = await configuration()
    scheme, _, token = (await found.get_api_key_with_prefix(BEARER) or "").partition(" ")
    return kopf.ConnectionInfo(
        server=found.host,
        ca_path=found.ssl_ca_cert,
        insecure=not found.verify_ssl,
        scheme=scheme.capitalize() or None,
        token=token or None,
        certificate_path=found.cert_file,
        private_key_path=found.key_file,
        proxy_url=found.proxy,
        trust_env=settings.networking.trust_env,
    )


async def send_writes_once(
    request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """aiohttp repeats a PUT and a DELETE by itself when a kept connection breaks under them.

    A write that may have been done already is for its caller to judge, so it gets an error of a
    class that aiohttp does not retry.
    """
    try:
        return await handler(request)
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        if request.method == "GET":
            raise
        raise aiohttp.ClientConnectionError(repr(error)) from error


class ApiServer:
    """What `cluster.Transport` asks for, over the network."""

    def __init__(self, found: Configuration) -> None:
        self._configuration = found
        self._client = ApiClient(found)

    async def request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> tuple[int, Any]:
        try:
            call = await self._client.param_serialize(
                method,
                path,
                query_params=list((query or {}).items()),
                header_params={"Accept": "application/json"} | (headers or {}),
                body=body,
                auth_settings=[BEARER],
            )
            response = await self._client.call_api(*call, _request_timeout=TIMEOUT)
            content = await response.read()
            if response.status == 401 and self._configuration.refresh_api_key_hook is not None:
                # The loader's minute is one of the wall clock, which may have been set back.
                config.load_incluster_config(self._configuration)
        except (aiohttp.ClientError, config.ConfigException) as error:
            raise ConnectionError(f"{type(error).__name__}: {error}") from error
        try:
            return response.status, json.loads(content)
        except ValueError:
            return response.status, None

    async def aclose(self) -> None:
        await self._client.close()
