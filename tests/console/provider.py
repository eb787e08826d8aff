"""An OpenID Connect provider as a process, `github.com/oauth2-proxy/mockoidc`, over https."""

from __future__ import annotations

import ssl
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from dandelion_local import tools

from tests.api.server import free_ports

CLIENT, SECRET = "dandelion-console", "a-secret-of-the-client"
START_SECONDS = 60


@dataclass(frozen=True)
class Provider:
    """`authority`: the certificate by which it is known."""

    issuer: str
    control: str
    folder: Path

    @property
    def authority(self) -> Path:
        return self.folder / "provider.crt"

    def next(self, **claims: Any) -> None:
        """Who logs in next; `claims` replace what would be in their ID token."""
        self._told("/next", claims)

    def sign(self, **claims: Any) -> str:
        """A token of its own."""
        now = int(time.time())
        usual = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 600}
        return self._told("/sign", usual | claims).text

    def _told(self, path: str, claims: dict[str, Any]) -> httpx.Response:
        answer = httpx.post(f"{self.control}{path}", json=claims, timeout=60, trust_env=False)
        return answer.raise_for_status()

    def follow(self, address: str) -> str:
        """Where it leads whoever logs in there."""
        trusted = ssl.create_default_context(cafile=str(self.authority))
        answer = httpx.get(address, verify=trusted, timeout=60, trust_env=False)
        assert answer.status_code == 302, answer.text
        return answer.headers["location"]

    def settings(self, **more: str) -> dict[str, str]:
        """What the chart tells the console of it."""
        (self.folder / "client-secret").write_text(SECRET)
        told = {
            "issuer": self.issuer,
            "client_id": CLIENT,
            "client_secret_file": str(self.folder / "client-secret"),
            "ca_file": str(self.authority),
            "scopes": "email groups",
            "username_claim": "email",
            "username_prefix": "oidc:",
            "groups_claim": "groups",
            "groups_prefix": "oidc:",
        }
        return {f"oidc_{name}": value for name, value in (told | more).items()}

    def flags(self) -> list[str]:
        """The same for an API server that accepts its tokens."""
        return [
            f"--oidc-issuer-url={self.issuer}",
            f"--oidc-client-id={CLIENT}",
            f"--oidc-ca-file={self.authority}",
            "--oidc-username-claim=email",
            "--oidc-username-prefix=oidc:",
            "--oidc-groups-claim=groups",
            "--oidc-groups-prefix=oidc:",
        ]


@contextmanager
def providing(folder: Path) -> Iterator[Provider]:
    port, control = free_ports(2)
    provider = Provider(f"https://127.0.0.1:{port}/oidc", f"http://127.0.0.1:{control}", folder)
    key = folder / "provider.key"
    names = ["-subj", "/CN=provider", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(provider.authority), "-days", "2"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names, *files]
    subprocess.run(made, check=True, capture_output=True, timeout=60)
    tools.ensure([tools.named("mockoidc")])
    with (folder / "provider.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(str(tools.path("mockoidc")), "-client", CLIENT),
                *("-address", f"127.0.0.1:{port}", "-control", f"127.0.0.1:{control}"),
                *("-certificate", str(provider.authority), "-key", str(key)),
            ],
            env={"CLIENT_SECRET": SECRET},
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _await(provider, process)
        yield provider
    finally:
        process.terminate()
        process.wait(30)


def _await(provider: Provider, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        assert process.poll() is None, (provider.folder / "provider.log").read_text()
        try:
            provider.sign(sub="nobody")
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError((provider.folder / "provider.log").read_text())
