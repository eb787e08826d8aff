"""In place of kube-proxy and the inference pods: who asks a Service is answered, on port 80.

The addresses of Services lie in 127.0.0.0/8 here, all of which is the loopback device's, so one
socket hears for all of them; the address that a connection was made to tells which Service was
meant. As behind kube-proxy, one of its ready pods answers, with the version that it was given, and
where there is none the connection ends. A process of its own, given the address of the API server
and the file of its authority.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import sys
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.api.server import ADMIN_TOKEN

OWNER, VERSION = "dandelion.dev/modeldeployment", "dandelion.dev/version"
SELECTORS = {"services": OWNER, "pods": f"{OWNER},app.kubernetes.io/component=inference"}
PORT, BACKLOG = 80, 1024
# Longer than any measurement; by itself, the API server ends a watch after half an hour.
WATCH_SECONDS = 24 * 3600


@dataclass
class Network:
    """Owners of Services by their addresses, and the versions of ready pods by their owners."""

    owners: dict[str, str] = field(default_factory=dict)
    ready: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))

    def services(self, kind: str, body: Mapping[str, Any]) -> None:
        address = body["spec"]["clusterIP"]
        if kind == "DELETED":
            self.owners.pop(address, None)
        else:
            self.owners[address] = body["metadata"]["labels"][OWNER]

    def pods(self, kind: str, body: Mapping[str, Any]) -> None:
        metadata = body["metadata"]
        pods, name = self.ready[metadata["labels"][OWNER]], metadata["name"]
        conditions = (body.get("status") or {}).get("conditions") or []
        ready = any(item["type"] == "Ready" and item["status"] == "True" for item in conditions)
        if ready and kind != "DELETED" and "deletionTimestamp" not in metadata:
            pods[name] = metadata["labels"][VERSION]
        else:
            pods.pop(name, None)

    def answer(self, address: str) -> bytes | None:
        """Of /readyz, as an inference pod gives it; None where nobody is there to answer."""
        owner = self.owners.get(address)
        version = next(iter(self.ready[owner].values()), None) if owner is not None else None
        if version is None:
            return None
        return json.dumps({"model": {"name": owner, "version": version}}).encode()


async def main(url: str, authority: str) -> None:
    network = Network()
    async with (
        httpx.AsyncClient(
            base_url=url,
            headers={"Authorization": f"Bearer {ADMIN_TOKEN}"},
            verify=ssl.create_default_context(cafile=authority),
            trust_env=False,
            timeout=None,
        ) as http,
        asyncio.TaskGroup() as tasks,
    ):
        for what in SELECTORS:
            tasks.create_task(_watch(http, what, network))
        server = await asyncio.start_server(lambda r, w: _answer(network, r, w), sock=_socket())
        tasks.create_task(server.serve_forever())


async def _watch(http: httpx.AsyncClient, what: str, network: Network) -> None:
    """Raises when the watch ends: without it, every answer would be one of before."""
    note = {"services": network.services, "pods": network.pods}[what]
    params = {
        "watch": "true",
        "labelSelector": SELECTORS[what],
        "timeoutSeconds": str(WATCH_SECONDS),
    }
    async with http.stream("GET", f"/api/v1/{what}", params=params) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            event = json.loads(line)
            note(event["type"], event["object"])
    raise ConnectionError(f"the watch of {what} has ended")


async def _answer(
    network: Network, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        await reader.readuntil(b"\r\n\r\n")
        body = network.answer(writer.get_extra_info("sockname")[0])
        if body is None:
            writer.transport.abort()
            return
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()
    except (OSError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


def _socket() -> socket.socket:
    """Bound to the loopback device, so that nobody from outside is heard."""
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, b"lo\0")
    try:
        made.bind(("", PORT))
    except OSError as error:
        raise SystemExit(
            f"port {PORT} of the loopback addresses, where Services are asked, cannot be had "
            f"({error.strerror}): run as root, and stop what listens there"
        ) from None
    made.listen(BACKLOG)
    return made


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
