"""Stands between the operator and its servers, and does to requests what the rules say.

A program of its own that runs in a pod with aiohttp alone, so it imports nothing of the project.
One port a server, and one for the test, which posts rules and asks what was seen:

- `PUT /rules`: a list of rules; the first that matches a request and is not used up acts on it.
- `GET /seen`: every request that came, in order.
- `POST /claim`: the request that has been held longest, or null; its turn is used up by that. It is
  held until whoever sent it is gone, and so are those beside it, whose turn is still to come.

A rule is a dictionary: what it is for (`server`, `method` and `path` as regular expressions,
`write`), what it does (`act`, with `status`, `seconds` or `kind`), and how often (`times`,
`chance`, `once_each`).
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import ssl
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from aiohttp import ClientSession, ClientTimeout, TCPConnector, web
from yarl import URL

CONTROL_PORT = 8099
AUTHORITY = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "upgrade"}
READS = {"GET", "HEAD", "OPTIONS"}
#: MLflow's REST API also reads by POST.
READING_PATHS = re.compile(r"/(search|get)[^/]*$")


@dataclass(frozen=True)
class Seen:
    """One request, and how a test tells it from others: `content` says what is written."""

    number: int
    server: str
    method: str
    path: str
    write: bool
    content: str

    @property
    def what(self) -> str:
        return f"{self.server} {self.method} {self.path} {self.content}".strip()


@dataclass
class Rule:
    """What happens to which requests, and how often still."""

    act: str
    server: str = ".*"
    method: str = ".*"
    path: str = ".*"
    write: bool | None = None
    status: int = 500
    seconds: float = 0.0
    kind: str = ""
    times: int | None = None
    chance: float = 1.0
    once_each: bool = False
    done: set[str] = field(default_factory=set)

    def takes(self, seen: Seen) -> bool:
        if self.times == 0 or (self.write is not None and self.write is not seen.write):
            return False
        if not all(
            re.search(pattern, value)
            for pattern, value in (
                (f"^(?:{self.server})$", seen.server),
                (f"^(?:{self.method})$", seen.method),
                (self.path, seen.path),
            )
        ):
            return False
        if self.once_each and seen.what in self.done:
            return False
        if self.chance < 1.0 and random.random() >= self.chance:
            return False
        self.done.add(seen.what)
        if self.times is not None:
            self.times -= 1
        return True


class Proxy:
    """The rules, what was seen, and the requests that are being held."""

    def __init__(self, servers: Mapping[str, str]) -> None:
        self.servers = servers
        self.rules: list[Rule] = []
        self.seen: list[Seen] = []
        self.held: dict[int, Seen] = {}
        self.claimed: set[int] = set()
        self.lists: dict[str, bytes] = {}

    async def handle(self, server: str, request: web.Request, out: ClientSession) -> Any:
        body = await request.read()
        seen = self._noted(server, request, body)
        watch = request.query.get("watch") in {"1", "true"}
        rule = next((rule for rule in self.rules if rule.takes(seen)), None)
        act = rule.act if rule is not None else "pass"
        if act == "hold-before":
            await self._hold(seen, rule)
        if act == "reset":
            return self._cut(request)
        if act == "silence":
            assert rule is not None
            await asyncio.sleep(rule.seconds or 3600)
            return self._cut(request)
        if act == "answer":
            assert rule is not None
            return _refusal(rule.status)
        if act == "delay":
            assert rule is not None
            await asyncio.sleep(rule.seconds)
        headers = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
        url = f"{self.servers[server]}{request.raw_path}"
        async with out.request(
            request.method, _as_is(url), headers=headers, data=body or None, allow_redirects=False
        ) as answer:
            passed = {k: v for k, v in answer.headers.items() if k.lower() not in HOP_BY_HOP}
            if watch:
                return await self._stream(request, answer, passed, rule)
            content = await answer.read()
            if act == "hold-after":
                await self._hold(seen, rule)
            if act == "reset-after":
                return self._cut(request)
            if act == "old-list":
                content = self.lists.get(seen.path, content)
            elif request.method == "GET":
                self.lists.setdefault(seen.path, content)
            if request.method == "HEAD":
                passed["Content-Length"] = answer.headers.get("Content-Length", "0")
            return web.Response(status=answer.status, headers=passed, body=content)

    def _noted(self, server: str, request: web.Request, body: bytes) -> Seen:
        write = request.method not in READS
        if server == "mlflow" and READING_PATHS.search(request.path):
            write = False
        content = _content(request.path, body) if write else ""
        number = len(self.seen) + 1
        seen = Seen(number, server, request.method, request.path, write, content)
        self.seen.append(seen)
        return seen

    async def _hold(self, seen: Seen, rule: Rule | None) -> None:
        """Until whoever sent it is gone; counts as done only where the test claimed it."""
        self.held[seen.number] = seen
        try:
            await asyncio.Event().wait()
        finally:
            del self.held[seen.number]
            if rule is not None and seen.number not in self.claimed:
                rule.done.discard(seen.what)

    def _cut(self, request: web.Request) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=500)

    async def _stream(
        self, request: web.Request, answer: Any, headers: dict[str, str], rule: Rule | None
    ) -> web.StreamResponse:
        response = web.StreamResponse(status=answer.status, headers=headers)
        await response.prepare(request)
        async for line in answer.content:
            if rule is not None and rule.act in {"drop-events", "delay-events"}:
                kind = str(json.loads(line).get("type")) if line.strip() else ""
                if not rule.kind or kind == rule.kind:
                    if rule.act == "drop-events":
                        continue
                    await asyncio.sleep(rule.seconds)
            await response.write(line)
        return response


def _as_is(url: str) -> URL:
    """The address without a second quoting: S3 signs the bytes."""
    return URL(url, encoded=True)


def _refusal(status: int) -> web.Response:
    body = {"kind": "Status", "code": status, "status": "Failure", "message": "a fault of the test"}
    headers = {"Retry-After": "1"} if status == 429 else {}
    return web.json_response(body, status=status, headers=headers)


def _content(path: str, body: bytes) -> str:
    """What a write says, in words that are the same when it is tried again."""
    try:
        document = json.loads(body)
    except ValueError:
        return ""
    if not isinstance(document, dict):
        return ""
    if path.endswith("/status"):
        conditions = (document.get("status") or {}).get("conditions") or []
        return " ".join(f"{c['type']}={c['status']}/{c['reason']}" for c in conditions)
    if path.endswith("/events") or "/events/" in path:
        return str(document.get("reason") or "")
    named = [str(document[key]) for key in ("alias", "version", "key", "value") if key in document]
    kind = str(document.get("kind") or "")
    return " ".join([kind, *named]).strip()


async def _control(proxy: Proxy) -> web.AppRunner:
    async def rules(request: web.Request) -> web.Response:
        proxy.rules = [Rule(**given) for given in await request.json()]
        return web.json_response({})

    async def seen(_: web.Request) -> web.Response:
        return web.json_response([asdict(one) for one in proxy.seen])

    async def claim(_: web.Request) -> web.Response:
        waiting = [one for one in proxy.held.values() if one.number not in proxy.claimed]
        proxy.claimed.update(one.number for one in waiting[:1])
        return web.json_response(asdict(waiting[0]) if waiting else None)

    app = web.Application()
    app.add_routes(
        [
            web.put("/rules", rules),
            web.get("/seen", seen),
            web.post("/claim", claim),
        ]
    )
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "0.0.0.0", CONTROL_PORT).start()
    return runner


async def main(servers: Mapping[str, Mapping[str, Any]]) -> None:
    """`servers`: by name, the `port` to listen on and the `url` of the real one."""
    proxy = Proxy({name: str(server["url"]) for name, server in servers.items()})
    connector = TCPConnector(ssl=ssl.create_default_context(cafile=AUTHORITY))
    timeout = ClientTimeout(total=None, sock_connect=5)
    async with ClientSession(
        connector=connector, timeout=timeout, auto_decompress=False, trust_env=False
    ) as out:
        runners = [await _control(proxy)]
        for name, server in servers.items():

            async def handle(request: web.Request, name: str = name) -> Any:
                return await proxy.handle(name, request, out)

            app = web.Application(client_max_size=64 * 1024**2)
            app.router.add_route("*", "/{path:.*}", handle)
            runner = web.AppRunner(app, handler_cancellation=True)
            await runner.setup()
            await web.TCPSite(runner, "0.0.0.0", int(server["port"])).start()
            runners.append(runner)
        await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
