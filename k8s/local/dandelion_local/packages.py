"""Debian packages that the node and the image builds need; installs those that are missing.

Called by `up` and `images` before anything else, and by `packages` itself.
"""

import shutil
from collections.abc import Sequence

from dandelion_local import places
from dandelion_local.commands import SetupError, logged, output
from dandelion_local.progress import Step

REQUIRED = (
    "buildah",
    "busybox-static",
    "conntrack",
    "containerd",
    "containernetworking-plugins",
    "debootstrap",
    "gcc",
    "iproute2",
    "iptables",
    "libc6-dev",
    "openssl",
    "runc",
    "util-linux",
)
OPTIONAL = ("chromium",)


def missing(wanted: Sequence[str], installed: str) -> list[str]:
    """`installed` is what ``dpkg-query -W -f '${Package} ${db:Status-Status}\\n'`` prints."""
    rows = map(str.split, installed.splitlines())
    present = {fields[0] for fields in rows if fields[1:] == ["installed"]}
    return [name for name in wanted if name not in present]


def ensure(extra: Sequence[str] = ()) -> None:
    unknown = [name for name in extra if name not in OPTIONAL]
    if unknown:
        raise SetupError(f"not a known extra: {', '.join(unknown)}; known: {', '.join(OPTIONAL)}")
    if shutil.which("dpkg-query") is None:
        raise SetupError(
            "this is not a Debian or Ubuntu machine. Install these yourself: "
            f"{' '.join(REQUIRED)}, or use a cluster of your own (CONTEXT=NAME)"
        )
    query = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\\n"]
    todo = missing([*REQUIRED, *extra], output(query))
    if not todo:
        return
    log = places.cache() / "logs" / "packages.log"
    log.unlink(missing_ok=True)
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    with Step(f"install {' '.join(todo)}", expected=40) as step:
        done = 0

        def unpacking(line: str) -> None:
            nonlocal done
            done += line.startswith("Setting up")
            step.figure = f"{done} packages set up"

        logged(["apt-get", "update"], log, env=quiet)
        install = ["apt-get", "install", "-y", "--no-install-recommends", *todo]
        logged(install, log, env=quiet, on_line=unpacking)
