"""Starts and stops the node: one process tree in namespaces of its own.

`up` opens the namespaces around `supervisor`, joins them to this machine and waits for the API
server. `down` ends the first process, which takes every other one, each mount and each address
along, and then removes what the kernel keeps: cgroup folders, mount points and the state folder.
"""

import json
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

from dandelion_local import places, tools
from dandelion_local.commands import Command, SetupError, output, tail
from dandelion_local.node import certificates, network
from dandelion_local.node.components import Layout
from dandelion_local.node.supervisor import MOUNTS, READY_FILE, cgroup_folders
from dandelion_local.progress import Step

PROGRAMS = (
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "kube-proxy",
    "kube-network-policies",
    "registry",
)
NEEDED_TOOLS = ("kubernetes", "etcd", "registry", "kube-network-policies")
MINIMUM_FREE = 12 * 1024**3
READY_LIMIT = 300.0
ANSWER_LIMIT = 30.0
TOLERATED_RESTARTS = 8


def pid_file() -> Path:
    return places.state() / "node.pid"


def first_file() -> Path:
    """Of the supervisor, which outlives the root: by a second and more where much is to end."""
    return places.state() / "first.pid"


def layout() -> Layout:
    binaries = {name: tools.path(name) for name in PROGRAMS}
    return Layout(places.state(), places.cache(), binaries)


def start_time(pid: int) -> str | None:
    """The kernel's start time of a process: with it, a number used again is not mistaken."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else fields[19]


def running() -> int | None:
    """The process id of the tree's root where it is alive."""
    return _alive(pid_file())


def _alive(record: Path) -> int | None:
    try:
        pid, started = record.read_text().split()
    except (OSError, ValueError):
        return None
    return int(pid) if start_time(int(pid)) == started else None


def first_process(root: int) -> int:
    """The supervisor's id on this machine: the only child of the `unshare` that is the root."""
    children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
    if not children:
        raise SetupError(f"the node ended at once. Its log:\n{tail(places.logs() / 'node.log')}")
    return int(children[0])


def check_machine() -> None:
    """Says what is in the way before anything is touched."""
    if sys.platform != "linux":
        raise SetupError("the local node needs Linux; use a cluster of your own with CONTEXT=NAME")
    if os.geteuid() != 0:
        raise SetupError(
            "the local node needs root; use sudo, or a cluster of yours (CONTEXT=NAME)"
        )
    network.check()
    for folder in (places.cache(), places.state()):
        folder.mkdir(parents=True, exist_ok=True)
        free = shutil.disk_usage(folder).free
        if free < MINIMUM_FREE:
            raise SetupError(
                f"{folder} has {free / 1024**3:.1f} GiB free and "
                f"{MINIMUM_FREE / 1024**3:.0f} GiB are needed; make room or set XDG_CACHE_HOME"
            )


def start() -> None:
    """From nothing to an API server that answers; the caller has checked that none runs."""
    clean()
    check_machine()
    chosen = layout()
    places.logs().mkdir(parents=True, exist_ok=True)
    with Step("make certificates"):
        certificates.create(chosen.secrets, places.kubeconfig())
    with Step("start the node") as step:
        step.figure = "namespaces"
        root = _open_namespaces(chosen)
        try:
            first = _wait_for_first_process(root)
            _record(first_file(), first)
            network.attach(first)
            step.figure = "waiting for the node to be Ready"
            _wait_until_ready(root)
            step.figure = ""
        except BaseException:
            _keep_logs()
            stop()
            raise


def _open_namespaces(chosen: Layout) -> int:
    created = [target for target in MOUNTS if not Path(target).exists()]
    for target in created:
        Path(target).mkdir(parents=True)
    (places.state() / "created.json").write_text(json.dumps(created))
    namespaces = ["--mount", "--net", "--pid", "--ipc", "--uts", "--fork", "--kill-child"]
    binaries = json.dumps({name: str(path) for name, path in chosen.binaries.items()})
    command = ["unshare", *namespaces, "--mount-proc", "--wd=/", sys.executable, "-m"]
    command += ["dandelion_local.node.supervisor", str(chosen.state), str(chosen.cache), binaries]
    environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(places.LOCAL), "HOME": "/root"}
    log = str(places.logs() / "node.log")
    # Not subprocess: the node outlives whoever starts it, and nobody is to wait for it.
    pid = os.posix_spawnp(
        command[0],
        command,
        {**environment, "PYTHONDONTWRITEBYTECODE": "1"},
        file_actions=[
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    _record(pid_file(), pid)
    return pid


def _record(file: Path, pid: int) -> None:
    file.write_text(f"{pid} {start_time(pid)}\n")


def _wait_for_first_process(root: int) -> int:
    deadline = time.monotonic() + 60
    own = Path("/proc/self/ns/net").readlink()
    while time.monotonic() < deadline and running() == root:
        children = Path(f"/proc/{root}/task/{root}/children").read_text().split()
        if children and Path(f"/proc/{children[0]}/ns/net").readlink() != own:
            return int(children[0])
        time.sleep(0.01)
    return first_process(root)


def _wait_until_ready(root: int) -> None:
    deadline = time.monotonic() + READY_LIMIT
    while time.monotonic() < deadline:
        if running() != root:
            raise SetupError(f"the node ended. Its log:\n{tail(places.logs() / 'node.log')}")
        if is_ready():
            return
        if restarts() > TOLERATED_RESTARTS:
            break
        time.sleep(0.15)
    said = "\n".join(
        f"  {log.name}:\n{tail(log, 12)}" for log in sorted(places.logs().glob("*.log"))
    )
    raise SetupError(f"the node did not become Ready. Its logs end with:\n{said}")


def restarts() -> int:
    """How often a program of the node ended and was started again."""
    log = places.logs() / "node.log"
    return log.read_text().count("starting it again") if log.exists() else 0


def is_ready() -> bool:
    if not (places.state() / READY_FILE).exists():
        return False
    ready = "{.items[*].status.conditions[?(@.type=='Ready')].status}"
    query = ["get", "nodes", "-o", f"jsonpath={ready}", "--request-timeout=2s"]
    return kubectl(*query, check=False).strip() == "True"


def comes_to_answer() -> bool:
    """Whether a node that runs is Ready, or is soon: a busy machine leaves one question without an
    answer, and a node that is in use must not end for that."""
    deadline = time.monotonic() + ANSWER_LIMIT
    while running() is not None:
        if is_ready():
            return True
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    return False


def kubectl(
    *arguments: str, stdin: str | None = None, check: bool = True, timeout: float = 120
) -> str:
    program: Command = [tools.path("kubectl"), f"--kubeconfig={places.kubeconfig()}"]
    return output([*program, *arguments], stdin=stdin, check=check, timeout=timeout)


def inside(*command: str, timeout: float = 120) -> str:
    """Runs a program in the node's namespaces, for a look around or to talk to containerd."""
    root = running()
    if root is None:
        raise SetupError("the local node is not running; start it with `up`")
    target = ["nsenter", "-t", str(first_process(root)), "-m", "-n", "-p", "-i", "-u"]
    return output([*target, *command], timeout=timeout)


def stop() -> None:
    # The root is gone first; what still runs below the other writes where `clean` removes.
    for record in (pid_file(), first_file()):
        process = _alive(record)
        if process is not None:
            _end(process)
    clean()


def _end(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + 60
    while start_time(pid) is not None and time.monotonic() < deadline:
        _reap(pid)
        time.sleep(0.02)


def _reap(pid: int) -> None:
    try:
        os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:
        return


def clean() -> None:
    """Removes what outlives the processes; harmless where nothing is left."""
    network.detach()
    for base in cgroup_folders():
        _remove_cgroup(base)
    record = places.state() / "created.json"
    if record.exists():
        for target in json.loads(record.read_text()):
            if Path(target).is_dir() and not any(Path(target).iterdir()):
                Path(target).rmdir()
    if places.state().exists():
        shutil.rmtree(places.state())


def _remove_cgroup(base: Path) -> None:
    """Only empty folders can go, children first; the last members may take a moment to die."""
    deadline = time.monotonic() + 60
    while base.exists():
        folders = [Path(folder) for folder, _, _ in os.walk(base, topdown=False)]
        for folder in folders:
            try:
                folder.rmdir()
            except OSError as error:
                if time.monotonic() > deadline:
                    raise SetupError(f"{folder} cannot be removed: {error}") from None
        time.sleep(0.05)


def _keep_logs() -> None:
    """A failed start cleans up after itself, but its logs are what explains it."""
    kept = places.cache() / "logs" / "last-failed-start"
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(places.logs(), kept)
