"""The cluster on machines with a Docker engine: kind, which is built from its Go module.

There, public images are pulled as everywhere; only the project's own are built and loaded.
"""

import shutil
from collections.abc import Sequence

from dandelion_local import places, tools
from dandelion_local.commands import Command, SetupError, logged, output
from dandelion_local.images.buildah import certificate_bundle
from dandelion_local.images.catalogue import Image
from dandelion_local.progress import Step

NAME = "dandelion"


def docker_answers() -> bool:
    if shutil.which("docker") is None:
        return False
    try:
        return output(["docker", "info", "--format", "{{.ServerVersion}}"], timeout=10) != ""
    except SetupError:
        return False


def up() -> None:
    tools.ensure([tools.named("kind"), tools.named("kubectl")])
    if NAME in output([tools.path("kind"), "get", "clusters"], check=False).split():
        return
    places.state().mkdir(parents=True, exist_ok=True)
    with Step("start a kind cluster", expected=90):
        options: Command = ["--name", NAME, "--kubeconfig", places.kubeconfig(), "--wait", "120s"]
        log = places.cache() / "logs" / "kind.log"
        logged([tools.path("kind"), "create", "cluster", *options], log)


def down() -> None:
    tools.ensure([tools.named("kind")])
    output([tools.path("kind"), "delete", "cluster", "--name", NAME])


def load(images: Sequence[Image]) -> None:
    up()
    bundle = certificate_bundle()
    secret = ["--secret", f"id=ca,src={bundle}"] if bundle else []
    for image in images:
        if image.folder is None:
            continue
        log = places.cache() / "logs" / f"image-{image.name}.log"
        with Step(f"build image {image.name}", image.expected):
            others = [f"--build-context={name}={folder}" for name, folder in image.contexts]
            options: Command = [*secret, *others, "--tag", image.reference]
            build: Command = ["docker", "build", *options, image.folder]
            logged(build, log, env={"DOCKER_BUILDKIT": "1"})
        with Step(f"load {image.name} into kind"):
            source = ["docker-image", image.reference, "--name", NAME]
            logged([tools.path("kind"), "load", *source], log)
