"""Building and pushing with buildah, with all that it keeps inside the cache folder.

Every call runs in a mount namespace of its own, so a build that is killed leaves no mount behind.
Used by `images` only.
"""

import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from dandelion_local import places
from dandelion_local.commands import Command, logged, output
from dandelion_local.progress import Step

CA_VARIABLES = ("SSL_CERT_FILE", "PIP_CERT", "REQUESTS_CA_BUNDLE")
CA_DEFAULT = Path("/etc/ssl/certs/ca-certificates.crt")


def _command(run_folder: str, *arguments: str | Path) -> Command:
    store: Command = ["--root", places.cache() / "buildah" / "storage"]
    own_mounts = ["unshare", "--mount", "--propagation", "private", "buildah"]
    return [*own_mounts, "--storage-driver", "overlay", *store, "--runroot", run_folder, *arguments]


@contextmanager
def _run_folder() -> Iterator[str]:
    folder = tempfile.mkdtemp(prefix="dandelion-buildah-")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _environment() -> dict[str, str]:
    """TMPDIR is where buildah keeps the caches that Dockerfiles mount, pip's above all."""
    folder = places.cache() / "buildah" / "tmp"
    folder.mkdir(parents=True, exist_ok=True)
    return {"TMPDIR": str(folder), "BUILDAH_ISOLATION": "chroot"}


def certificate_bundle() -> Path | None:
    """The bundle this machine trusts: behind an intercepting proxy pip needs it in the build."""
    for name in CA_VARIABLES:
        value = os.environ.get(name)
        if value and Path(value).is_file():
            return Path(value)
    return CA_DEFAULT if CA_DEFAULT.is_file() else None


def holds(reference: str) -> bool:
    with _run_folder() as run_folder:
        listing = _command(run_folder, "images", "--format", "{{.Name}}:{{.Tag}}")
        return reference in output(listing, env=_environment()).split()


def build(
    reference: str,
    context: Path,
    contexts: Sequence[tuple[str, Path]],
    arguments: dict[str, str],
    name: str,
    step: Step,
) -> None:
    """One image from the Dockerfile in `context`; layers that did not change are reused.

    The Dockerfile knows further `contexts` by their names.
    """
    log = places.cache() / "logs" / f"image-{name}.log"
    log.unlink(missing_ok=True)
    options: Command = ["--isolation", "chroot", "--pull-never", "--layers"]
    options += ["--format", "oci", "--tag", reference]
    for key, value in arguments.items():
        options += ["--build-arg", f"{key}={value}"]
    for other, folder in contexts:
        options += ["--build-context", f"{other}={folder}"]
    bundle = certificate_bundle()
    if bundle is not None:
        options += ["--secret", f"id=ca,src={bundle}"]
    collected = 0

    def reading(line: str) -> None:
        nonlocal collected
        found = re.match(r"(?:\[\d+/\d+\] )?STEP (\d+)/(\d+)", line)
        if found:
            step.figure = f"instruction {found[1]} of {found[2]}"
            collected = 0
        elif line.lstrip().startswith(("Collecting ", "Requirement already")):
            collected += 1
            step.figure = re.sub(r"(, .*)?$", f", {collected} packages", step.figure, count=1)

    with _run_folder() as run_folder:
        command = _command(run_folder, "bud", *options, context)
        logged(command, log, env=_environment(), on_line=reading)


def push(reference: str, address: str, name: str) -> None:
    """zstd, because gzip would take a minute for the layers of a training image."""
    log = places.cache() / "logs" / f"push-{name}.log"
    log.unlink(missing_ok=True)
    options = ["--tls-verify=false", "--quiet", "--format", "oci"]
    options += ["--compression-format", "zstd", "--compression-level", "1"]
    with _run_folder() as run_folder:
        command = _command(run_folder, "push", *options, reference, f"docker://{address}")
        logged(command, log, env=_environment())
