"""Root file systems for the images that are not built from a Dockerfile of the project.

Each function fills an empty folder, which `images` then puts into an image. They stand in for
images that others publish, so the paths a user of those would expect are there.
"""

import inspect
import shutil
from collections.abc import Callable
from pathlib import Path

from dandelion_local import places
from dandelion_local.commands import Command, SetupError, logged, output
from dandelion_local.progress import Step

# Of each Debian, the Python that it has.
BOOKWORM, TRIXIE = ("bookworm", "3.11"), ("trixie", "3.13")
PYTHON_PACKAGES = ("ca-certificates", "python3", "python3-venv")
BULK = (
    "usr/share/doc",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "var/cache/apt",
    "var/lib/apt/lists",
    "var/log",
)

# Process 1 of every pod: it holds the namespaces open and reaps what the pod's processes leave.
PAUSE_SOURCE = """
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static void leave(int signal_number) { (void)signal_number; _exit(0); }
static void reap(int signal_number) {
    (void)signal_number;
    while (waitpid(-1, NULL, WNOHANG) > 0) { }
}

int main(void) {
    signal(SIGINT, leave);
    signal(SIGTERM, leave);
    signal(SIGCHLD, reap);
    for (;;) pause();
}
"""


def pause(root: Path) -> None:
    source = root.with_name("pause.c")
    source.write_text(PAUSE_SOURCE)
    output(["gcc", "-Os", "-static", "-s", "-o", root / "pause", source])


def busybox(root: Path) -> None:
    """A shell and the usual small programs; volumes are made and removed with it."""
    folder = root / "bin"
    folder.mkdir()
    program = Path(shutil.which("busybox") or "/bin/busybox")
    shutil.copy2(program, folder / "busybox")
    for applet in output([program, "--list"]).split():
        if applet != "busybox":
            (folder / applet).symlink_to("busybox")
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)


def python_on_bookworm(root: Path) -> None:
    python(root, *BOOKWORM)


def python_on_trixie(root: Path) -> None:
    python(root, *TRIXIE)


def python(root: Path, suite: str, version: str) -> None:
    """Debian with its Python, at the paths where the official image has it."""
    log = places.cache() / "logs" / f"debootstrap-{suite}.log"
    log.unlink(missing_ok=True)
    own_mounts = ["unshare", "--mount", "--propagation", "private"]
    command: Command = [*own_mounts, "debootstrap", "--variant=minbase"]
    command += [f"--include={','.join(PYTHON_PACKAGES)}", suite, root]
    with Step(f"fetch and unpack Debian {suite} for a base image", expected=60) as step:
        packages = 0

        def counting(line: str) -> None:
            nonlocal packages
            if line.startswith("I: "):
                packages += 1
                step.figure = f"{packages} steps, {line.removeprefix('I: ')[:40]}"

        logged(command, log, on_line=counting)
        step.figure = ""
    for name in BULK:
        _empty(root / name)
    local = root / "usr" / "local" / "bin"
    for name in ("python3", "python", f"python{version}"):
        (local / name).symlink_to(f"/usr/bin/python{version}")
    for name in ("resolv.conf", "hostname"):
        (root / "etc" / name).unlink(missing_ok=True)


def _empty(folder: Path) -> None:
    if folder.is_dir():
        for entry in folder.iterdir():
            if entry.is_dir() and not entry.is_symlink():
                shutil.rmtree(entry)
            else:
                entry.unlink()


MAKERS: dict[str, Callable[[Path], None]] = {
    "busybox": busybox,
    "pause": pause,
    "python": python_on_bookworm,
    "python-trixie": python_on_trixie,
}


def recipe(made: str) -> str:
    """What a maker does, as text: its part of the hash that names an image."""
    debian = inspect.getsource(python) + repr((PYTHON_PACKAGES, BULK))
    constants = {
        "busybox": "",
        "pause": PAUSE_SOURCE,
        "python": debian + repr(BOOKWORM),
        "python-trixie": debian + repr(TRIXIE),
    }
    return inspect.getsource(MAKERS[made]) + constants[made]


def programs(root: Path, binaries: tuple[Path, ...]) -> None:
    """Programs in /usr/bin of an image that has nothing else but a /tmp."""
    folder = root / "usr" / "bin"
    folder.mkdir(parents=True)
    # Programs expect to write there whoever they run as; the mode of mkdir is cut by the umask.
    (root / "tmp").mkdir()
    (root / "tmp").chmod(0o1777)
    for binary in binaries:
        if not binary.exists():
            raise SetupError(f"{binary} has not been built yet; run `tools {binary.name}` first")
        shutil.copy2(binary, folder / binary.name)
