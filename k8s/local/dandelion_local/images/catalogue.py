"""Which images the local cluster needs, under their public names, and what each is made of.

No image registry may be reachable, so the ones that others publish are made here from the same
sources: Debian packages and Go modules. They carry the public names, so charts, manifests and
Dockerfiles are the same as on any other cluster. `images` builds what stands here.
"""

from dataclasses import dataclass
from pathlib import Path

from dandelion_local import places
from dandelion_local.commands import SetupError
from dandelion_local.node.components import PAUSE_IMAGE

PYTHON = "docker.io/library/python:3.11-slim-bookworm"
# For what needs a newer Python than the components have.
PYTHON_TRIXIE = "docker.io/library/python:3.13-slim-trixie"
BUSYBOX = "docker.io/library/busybox:1.35.0"
COREDNS = "registry.k8s.io/coredns/coredns:v1.14.7"
PROVISIONER = "docker.io/rancher/local-path-provisioner:v0.0.30"
MINIO = "quay.io/minio/minio:RELEASE.2025-09-07T16-13-09Z"
PROJECT = "ghcr.io/dandelion-ml/dandelion"
VERSION = "0.1.0"


@dataclass(frozen=True)
class Image:
    """An image; exactly one of `folder`, `binaries` and `made` says where its content is from.

    `folder` is a build context with a Dockerfile, which may copy from other `contexts` by their
    names; `binaries` are programs that `tools` builds, put
    into an otherwise empty image; `made` names a function of `rootfs`. A `large` image is pulled
    onto the node when it is built, not when the first pod waits for it.
    """

    name: str
    reference: str
    folder: Path | None = None
    contexts: tuple[tuple[str, Path], ...] = ()
    binaries: tuple[str, ...] = ()
    made: str = ""
    instructions: tuple[str, ...] = ()
    base: str = ""
    expected: float = 5
    large: bool = False


def _component(
    name: str,
    folder: str,
    expected: float,
    large: bool = False,
    contexts: tuple[str, ...] = (),
    base: str = "python",
) -> Image:
    return Image(
        name,
        f"{PROJECT}-{name}:{VERSION}",
        folder=places.REPOSITORY / folder,
        # By the names of their folders.
        contexts=tuple((Path(path).name, places.REPOSITORY / path) for path in contexts),
        base=base,
        expected=expected,
        large=large,
    )


# What a node needs before any pod of a person can run; `up` sees to these.
SYSTEM = (
    Image("pause", PAUSE_IMAGE, made="pause", instructions=('ENTRYPOINT ["/pause"]',)),
    Image("busybox", BUSYBOX, made="busybox", instructions=('CMD ["sh"]',)),
    Image(
        "coredns",
        COREDNS,
        binaries=("coredns",),
        instructions=('ENTRYPOINT ["/usr/bin/coredns"]',),
    ),
    Image(
        "local-path-provisioner",
        PROVISIONER,
        binaries=("local-path-provisioner",),
        instructions=('ENTRYPOINT ["/usr/bin/local-path-provisioner"]',),
    ),
)


def _python(made: str, reference: str) -> Image:
    instructions = ("ENV PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8", 'CMD ["python3"]')
    return Image(made, reference, made=made, instructions=instructions, expected=70)


PROJECT_IMAGES = (
    _python("python", PYTHON),
    _python("python-trixie", PYTHON_TRIXIE),
    Image(
        "minio",
        MINIO,
        binaries=("minio",),
        instructions=("ENV PATH=/usr/bin", 'ENTRYPOINT ["/usr/bin/minio"]'),
    ),
    _component("operator", "operator", 40),
    _component("inference", "inference", 50),
    _component("training", "training-job", 180, large=True, contexts=("inference/pictures",)),
    _component("mlflow", "k8s/images/mlflow", 60, base="python-trixie"),
    _component("console", "console", 20),
)

IMAGES = SYSTEM + PROJECT_IMAGES


def named(name: str) -> Image:
    for image in IMAGES:
        if image.name == name:
            return image
    known = ", ".join(image.name for image in IMAGES)
    raise SetupError(f"there is no image called {name}; there are: {known}")


def with_bases(images: tuple[Image, ...]) -> list[Image]:
    """The images and what they are built on, bases first, each once."""
    ordered: list[Image] = []
    for image in images:
        for wanted in ([named(image.base)] if image.base else []) + [image]:
            if wanted not in ordered:
                ordered.append(wanted)
    return ordered
