"""What the demo leaves on the screen: a prediction, the addresses, and what to try next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dandelion_local.progress import seconds

from dandelion_demo import people
from dandelion_demo.data import LabelledImage
from dandelion_demo.install import NAMESPACE, RELEASE
from dandelion_demo.kube import Cluster
from dandelion_demo.run import BUCKET, NAMESPACE_OF_MODEL

# Browsers send a cookie to every port of a host: console and MLflow have names of their own, as no
# served model may see who is logged in there. `*.localhost` is this machine.
LOCAL_NAMES = {"console": "console.localhost", "MLflow": "mlflow.localhost"}

Answer = tuple[LabelledImage, dict[str, Any]]


def ending(
    cluster: Cluster, resource: dict[str, Any], answers: Sequence[Answer], elapsed: float
) -> str:
    """The last screen, as text."""
    name = resource["metadata"]["name"]
    champion = resource["status"]["champion"]
    accuracy = champion.get("metrics", {}).get("accuracy")
    right = sum(_label(answer) == image.label for image, answer in answers)
    first, answer = answers[0]
    lines = [
        "",
        f"Version {champion['version']} of {name} is served, holdout accuracy {accuracy:.3f}."
        if accuracy is not None
        else f"Version {champion['version']} of {name} is served.",
        f"An image it never saw: {first.key}",
        f"  true class {first.label}, predicted {_label(answer)} "
        f"with probability {answer['predictions'][0]['probability']:.3f}",
        f"  of the {len(answers)} images kept back, one a class, {right} are right",
        "",
        "Where things are",
        *(f"  {line}" for line in _addresses(cluster, name)),
        "",
        "Log in to the console with the token of an account; one of these prints it",
        *(f"  {line}" for line in people.how_to_log_in(cluster)),
        f"MLflow takes such a token too, made with --audience={people.MLFLOW_AUDIENCE}",
    ]
    if cluster.kubeconfig:
        lines += ["", f"export KUBECONFIG={cluster.kubeconfig}"]
        lines += [f'export PATH="{cluster.kubectl.parent}:$PATH"']
    lines += ["", "Three things to try next", *(f"  {line}" for line in _next(cluster, name))]
    accounts = cluster.command("delete", "rolebinding,serviceaccount", *people.ROLES)
    end = (
        "`make down` ends it."
        if cluster.kubeconfig
        else f"`{cluster.command('delete', 'mdep', name)}`, `{accounts}` and "
        f"`helm uninstall -n {NAMESPACE} {RELEASE}` end it."
    )
    return "\n".join([*lines, "", f"All of it took {seconds(elapsed)}. {end}"])


def _label(answer: dict[str, Any]) -> str:
    return str(answer["predictions"][0]["label"])


def _addresses(cluster: Cluster, name: str) -> list[str]:
    services = [
        ("console", NAMESPACE, f"{RELEASE}-console", 80, 8090, "/"),
        ("the page", NAMESPACE_OF_MODEL, f"{name}-inference", 80, 8080, "/"),
        ("MLflow", NAMESPACE, f"{RELEASE}-mlflow", 5000, 5000, ""),
        ("MinIO", NAMESPACE, f"{RELEASE}-minio", 9000, 9000, ""),
    ]
    if cluster.routable:
        return [
            f"{title:10} {cluster.address(namespace, service, port)}{path}"
            for title, namespace, service, port, _, path in services
        ]
    return [
        f"{title:10} http://{LOCAL_NAMES.get(title, '127.0.0.1')}:{local}{path}   while this runs: "
        + cluster.command("port-forward", "-n", namespace, f"service/{service}", f"{local}:{port}")
        for title, namespace, service, port, local, path in services
    ]


def _next(cluster: Cluster, name: str) -> list[str]:
    url = (
        cluster.address(NAMESPACE_OF_MODEL, f"{name}-inference", 80)
        if cluster.routable
        else "http://127.0.0.1:8080"
    )
    stamp = '"$(date +%s)"'
    return [
        f"1. ask it yourself:          open {url}/ or curl -F file=@PHOTO {url}/predict; "
        f"{url}/docs describes it",
        "2. train it again, and watch: "
        + cluster.command("annotate", "mdep", name, "--overwrite", f"dandelion.dev/retrain={stamp}")
        + "; "
        + cluster.command("get", "mdep", name, "-w"),
        "3. your own images:          make demo DATA=FOLDER   (one folder per class; they go to "
        f"s3://{BUCKET}/FOLDER)",
    ]
