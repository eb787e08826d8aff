"""Makes the installation's keys inside the cluster: MinIO's administrator, one S3 key per use, or
where S3 is reached without keys what is signed with, and the key that the console's sessions are
encrypted with.

Run once per install and upgrade by the chart's credentials Job (`python -m
dandelion_operator.setup.credentials`), before anything that needs the keys. The Job may only create
Secrets: one that exists is left as it is, so running again changes nothing, whether Helm, kubectl
or a GitOps tool applied the manifests, and no key ever stands in a manifest or leaves the cluster.
"""

from __future__ import annotations

import base64
import os
import secrets
import ssl
import string
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
ACCESS_KEY_ALPHABET = string.ascii_uppercase + string.digits
SECRET_KEY_ALPHABET = string.ascii_letters + string.digits


class SetupError(Exception):
    """A Secret cannot be made; the message says which and why."""


@dataclass(frozen=True)
class Wanted:
    """Which Secrets there have to be."""

    namespace: str
    instance: str
    root_secret: str
    s3_secrets: tuple[str, ...]
    signing_secret: str = ""
    console_secret: str = ""

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Wanted:
        try:
            namespace, instance = (
                environment["DANDELION_NAMESPACE"],
                environment["DANDELION_INSTANCE"],
            )
        except KeyError as missing:
            raise SetupError(f"the environment variable {missing.args[0]} must be set") from None
        return cls(
            namespace=namespace,
            instance=instance,
            root_secret=environment.get("DANDELION_ROOT_SECRET", ""),
            s3_secrets=tuple(environment.get("DANDELION_S3_SECRETS", "").split()),
            signing_secret=environment.get("DANDELION_SIGNING_SECRET", ""),
            console_secret=environment.get("DANDELION_CONSOLE_SECRET", ""),
        )

    def generated(self) -> dict[str, dict[str, str]]:
        """Fresh content for each of them, by name."""
        content = {name: _s3_key() for name in self.s3_secrets}
        if self.root_secret:
            content[self.root_secret] = _administrator()
        if self.signing_secret:
            content[self.signing_secret] = _signing()
        if self.console_secret:
            content[self.console_secret] = _session_key()
        return content


def _word(alphabet: str, length: int) -> str:
    return "".join(secrets.choice(alphabet) for _ in range(length))


def _s3_key() -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": _word(ACCESS_KEY_ALPHABET, 20),
        "AWS_SECRET_ACCESS_KEY": _word(SECRET_KEY_ALPHABET, 40),
    }


def _administrator() -> dict[str, str]:
    return {"rootUser": "admin", "rootPassword": _word(SECRET_KEY_ALPHABET, 40)}


def _signing() -> dict[str, str]:
    """By use; secrets as those of S3 keys are, since those may stand here too."""
    return {use: _word(SECRET_KEY_ALPHABET, 40) for use in ("training", "logs")}


def _session_key() -> dict[str, str]:
    """A key of Fernet: 32 random bytes as URL-safe Base64."""
    return {"key": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}


def manifest(wanted: Wanted, name: str, content: Mapping[str, str]) -> dict[str, object]:
    """The Secret as the API server takes it."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {
            "name": name,
            "namespace": wanted.namespace,
            "labels": {
                "app.kubernetes.io/name": "dandelion",
                "app.kubernetes.io/instance": wanted.instance,
                "app.kubernetes.io/component": "credentials",
                "app.kubernetes.io/part-of": "dandelion",
                "app.kubernetes.io/managed-by": "dandelion-credentials-setup",
            },
        },
        "data": {key: base64.b64encode(value.encode()).decode() for key, value in content.items()},
    }


def create(api: httpx.Client, wanted: Wanted, name: str, content: Mapping[str, str]) -> bool:
    """Makes one Secret; false where it exists already."""
    answer = api.post(
        f"/api/v1/namespaces/{wanted.namespace}/secrets", json=manifest(wanted, name, content)
    )
    if answer.status_code == httpx.codes.CONFLICT:
        return False
    if answer.is_error:
        raise SetupError(f"the Secret {name} cannot be made: {answer.status_code} {answer.text}")
    return True


def in_cluster_client(environment: Mapping[str, str]) -> httpx.Client:
    """A client of the API server with the pod's own ServiceAccount."""
    host = environment["KUBERNETES_SERVICE_HOST"]
    address = f"[{host}]" if ":" in host else host
    trusted = ssl.create_default_context(cafile=str(SERVICE_ACCOUNT / "ca.crt"))
    token = (SERVICE_ACCOUNT / "token").read_text().strip()
    return httpx.Client(
        base_url=f"https://{address}:{environment['KUBERNETES_SERVICE_PORT']}",
        headers={"Authorization": f"Bearer {token}"},
        timeout=30,
        transport=httpx.HTTPTransport(verify=trusted, retries=5),
    )


def main(environment: Mapping[str, str] = os.environ) -> None:
    try:
        wanted = Wanted.from_environment(environment)
        with in_cluster_client(environment) as api:
            for name, content in wanted.generated().items():
                made = create(api, wanted, name, content)
                print(f"Secret {name}: {'made' if made else 'exists, left as it is'}", flush=True)
    except (SetupError, httpx.HTTPError, OSError) as error:
        sys.exit(f"the keys cannot be set up: {error}")


if __name__ == "__main__":
    main()
