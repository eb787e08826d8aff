"""Which cluster to use, in this order: the person's own, kind, the local node.

`DANDELION_CONTEXT` names a context of the person's kubeconfig, which is only looked at. A Docker
engine that answers means kind. Everywhere else the node of this package is started. The command
line calls these functions; nothing else needs to know which of the three it is.
"""

import os
import shutil
from collections.abc import Sequence
from enum import Enum
from pathlib import Path

from dandelion_local import addons, images, kind, packages, places, tools
from dandelion_local.commands import SetupError, output
from dandelion_local.images import catalogue
from dandelion_local.images.catalogue import Image
from dandelion_local.locks import exclusively
from dandelion_local.node import lifecycle
from dandelion_local.progress import say


class Kind(Enum):
    OWN = "a cluster of the person's own"
    KIND = "kind on a Docker engine"
    LOCAL = "the local node"


def chosen() -> Kind:
    if os.environ.get("DANDELION_CONTEXT"):
        return Kind.OWN
    if lifecycle.running() is None and kind.docker_answers():
        return Kind.KIND
    return Kind.LOCAL


def up() -> None:
    which = chosen()
    if which is Kind.OWN:
        check_own()
    elif which is Kind.KIND:
        kind.up()
    elif not local_answers():
        with exclusively("cluster"):
            up_local()


def up_with(wanted: Sequence[Image], programs: Sequence[str]) -> None:
    """A cluster that has these images, or can pull them, and these programs to speak to it."""
    if chosen() is Kind.LOCAL:
        binaries = (name for image in wanted for name in image.binaries)
        needed = tools.holding([*node_programs(), *programs, *binaries])
        if tools.missing(needed):
            lifecycle.check_machine()
            # All at once: they share many packages, and the compiler forgets them at the end.
            with images.built_ahead(wanted):
                tools.ensure(needed)
    tools.ensure(tools.holding(programs))
    up()
    ensure_images(wanted)


def check_own() -> None:
    context = os.environ["DANDELION_CONTEXT"]
    if shutil.which("kubectl") is None:
        tools.ensure([tools.named("kubectl")])
    program = shutil.which("kubectl") or tools.path("kubectl")
    try:
        output([program, "--context", context, "get", "--raw", "/readyz", "--request-timeout=10s"])
    except SetupError as error:
        raise SetupError(
            f"the context {context} does not answer; `kubectl config get-contexts` lists what "
            f"there is\n{error}"
        ) from None
    say(f"using your own cluster, context {context}; nothing was started")


def complete_mark() -> Path:
    """Written when all of `up` is done, so that one that was cut short is taken up again."""
    return places.state() / "complete"


def local_answers() -> bool:
    return complete_mark().exists() and lifecycle.running() is not None and lifecycle.is_ready()


def up_local() -> None:
    """Starts it where it is not up; the caller holds the lock."""
    if local_answers():
        return
    lifecycle.check_machine()
    packages.ensure()
    tools.ensure(tools.holding(node_programs()))
    if not lifecycle.comes_to_answer():
        lifecycle.stop()
        lifecycle.start()
    images.ensure(catalogue.SYSTEM)
    addons.apply()
    complete_mark().touch()


def node_programs() -> list[str]:
    return [
        *lifecycle.NEEDED_TOOLS,
        *(name for image in catalogue.SYSTEM for name in image.binaries),
    ]


def down() -> None:
    """Takes away what `up` started here; a person's own cluster is not touched."""
    if lifecycle.running() is None and kind.docker_answers():
        kind.down()
    with exclusively("cluster"):
        lifecycle.stop()
    say("nothing of the local node is left but the caches in " + str(places.cache()))


def ensure_images(wanted: Sequence[Image]) -> None:
    which = chosen()
    if which is Kind.OWN:
        say("your own cluster pulls its images itself; set the chart's image values")
    elif which is Kind.KIND:
        kind.load(wanted)
    else:
        up()
        images.ensure(wanted)


def environment() -> str:
    """Shell lines; a person's own cluster needs nothing but its context."""
    folders = [str(tools.folder(tools.named(name))) for name in ("kubectl", "helm")]
    lines = [f'export PATH="{":".join(folders)}:$PATH"']
    if chosen() is not Kind.OWN:
        lines.insert(0, f"export KUBECONFIG={places.kubeconfig()}")
    return "\n".join(lines)
