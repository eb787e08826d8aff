"""Pods with an identity, as EKS makes them: a token that the kubelet renews, and an environment."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from urllib.parse import urlencode
from xml.etree import ElementTree

import httpx
from dandelion_operator.api.access.sts import Sts
from dandelion_operator.api.location import Defaults

from tests.keys.accounts.issuer import Issuer
from tests.keys.minio import Store

# Seconds. Keys end with the token that they were given for.
LIFE, KUBELET = 8, 1.0
POLICIES = {
    "operator": "dandelion-training",
    "training": "dandelion-training",
    "mlflow": "dandelion-mlflow",
    "inference": "dandelion-inference,dandelion-logs",
}


def installation(store: Store) -> Defaults:
    return Defaults(
        training_image="",
        inference_image="",
        image_pull_policy="IfNotPresent",
        tracking_uri="",
        s3_endpoint=store.url,
        s3_region="us-east-1",
        s3_bucket="models",
        sts=Sts(endpoint=store.url),
    )


class Pod:
    """`asked`: how often it was given a key, where an agent gives it."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self.environment = environment
        self.asked = 0


@contextmanager
def irsa(issuer: Issuer, store: Store, folder: Path, component: str) -> Iterator[Pod]:
    file = folder / "token"

    def renew() -> None:
        whole = folder / "next"
        whole.write_text(issuer.token(f"team-a:lawn-{component}", POLICIES[component], LIFE))
        whole.rename(file)

    with _again_and_again(renew):
        yield Pod(
            {
                "AWS_WEB_IDENTITY_TOKEN_FILE": str(file),
                "AWS_REGION": "us-east-1",
                "DANDELION_S3_ACCOUNT": f"lawn-{component}",
                "DANDELION_S3_STS_ENDPOINT": store.url,
            }
        )


@contextmanager
def pod_identity(issuer: Issuer, store: Store, folder: Path, component: str) -> Iterator[Pod]:
    """The agent changes the pod's token for a key of its role, which MinIO gives it."""
    file = folder / "eks-pod-identity-token"

    class Agent(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known = self.headers["Authorization"] == file.read_text()
            content = json.dumps(lent(issuer, store, component)) if known else "no association"
            pod.asked += known
            self.send_response(200 if known else 403)
            self.end_headers()
            self.wfile.write(content.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Agent)
    Thread(target=server.serve_forever, daemon=True).start()
    pod = Pod(
        {
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": f"http://127.0.0.1:{server.server_port}/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE": str(file),
            "AWS_REGION": "us-east-1",
            "DANDELION_S3_ACCOUNT": f"lawn-{component}",
        }
    )
    file.write_text("a token of the pod's")
    try:
        yield pod
    finally:
        server.shutdown()
        server.server_close()


WAYS = {"IRSA": irsa, "EKS Pod Identity": pod_identity}


def lent(issuer: Issuer, store: Store, component: str, seconds: float = LIFE) -> dict[str, str]:
    """A key of MinIO's in the form in which an agent gives it."""
    token = issuer.token(f"team-a:lawn-{component}", POLICIES[component], seconds)
    told = {"Action": "AssumeRoleWithWebIdentity", "Version": "2011-06-15"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    content = urlencode(told | {"WebIdentityToken": token})
    answer = httpx.post(store.url, content=content, headers=form, timeout=60).raise_for_status()
    root = ElementTree.fromstring(answer.content)
    found = {item.tag.rpartition("}")[2]: item.text or "" for item in root.iter()}
    return {
        "AccessKeyId": found["AccessKeyId"],
        "SecretAccessKey": found["SecretAccessKey"],
        "Token": found["SessionToken"],
        "Expiration": found["Expiration"],
    }


@contextmanager
def _again_and_again(renew: Callable[[], None]) -> Iterator[None]:
    done = Event()

    def run() -> None:
        while not done.wait(KUBELET):
            renew()

    renew()
    thread = Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
