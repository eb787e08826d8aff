"""The programs that are built from Go modules: once, outside the checkout, keyed by content.

Each tool is a small Go module below k8s/local/tools/ that pins its versions. A finished build lies
in a folder named after the hash of everything that went into it, so a second run builds nothing
and a changed go.sum builds anew. Called by the command line and by whoever needs a binary.
"""

import hashlib
import os
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from dandelion_local import places
from dandelion_local.commands import Command, SetupError, logged, output
from dandelion_local.locks import exclusively
from dandelion_local.progress import Step, say

KUBERNETES = "v1.36.3"
MODULES = places.LOCAL / "tools"


@dataclass(frozen=True)
class Tool:
    """One Go module; `binaries` maps the file name wanted to the package it is built from."""

    name: str
    binaries: dict[str, str]
    expected: float
    variables: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    on_demand: bool = False

    @property
    def flags(self) -> list[str]:
        linker = " ".join(["-s", "-w", *(f"-X {variable}" for variable in self.variables)])
        tags = ["-tags", ",".join(self.tags)] if self.tags else []
        return ["-trimpath", "-buildvcs=false", *tags, "-ldflags", linker]


def _version(prefix: str, version: str) -> tuple[str, ...]:
    major, minor = version.removeprefix("v").split(".")[:2]
    return (
        f"{prefix}.gitVersion={version}",
        f"{prefix}.gitMajor={major}",
        f"{prefix}.gitMinor={minor}",
    )


_PROMETHEUS_OPERATOR = "github.com/prometheus-operator/prometheus-operator/cmd"

# In the order in which they are wanted. `expected` is the cold build on two cores, in seconds.
TOOLS = (
    Tool(
        "kubernetes",
        {
            name: f"k8s.io/kubernetes/cmd/{name}"
            for name in (
                "kube-apiserver",
                "kube-controller-manager",
                "kube-scheduler",
                "kube-proxy",
                "kubelet",
                "kubectl",
            )
        },
        300,
        variables=_version("k8s.io/component-base/version", KUBERNETES),
    ),
    Tool("kubeconform", {"kubeconform": "github.com/yannh/kubeconform/cmd/kubeconform"}, 5),
    Tool(
        "helm",
        {"helm": "helm.sh/helm/v4/cmd/helm"},
        95,
        variables=("helm.sh/helm/v4/internal/version.version=v4.3.1",),
    ),
    Tool("etcd", {"etcd": "go.etcd.io/etcd/server/v3"}, 35),
    Tool(
        "registry",
        {"registry": "."},
        35,
    ),
    Tool("kube-network-policies", {"kube-network-policies": "."}, 60),
    Tool("minio", {"minio": "github.com/minio/minio"}, 125),
    Tool("coredns", {"coredns": "."}, 40),
    Tool(
        "local-path-provisioner",
        {"local-path-provisioner": "github.com/rancher/local-path-provisioner"},
        45,
        variables=("main.VERSION=v0.0.30",),
    ),
    Tool("mockoidc", {"mockoidc": "."}, 15),
    Tool(
        "contour",
        {"contour": "github.com/projectcontour/contour/cmd/contour"},
        110,
    ),
    Tool("actionlint", {"actionlint": "github.com/rhysd/actionlint/cmd/actionlint"}, 5),
    Tool(
        "prometheus",
        {
            "prometheus": "github.com/prometheus/prometheus/cmd/prometheus",
            "promtool": "github.com/prometheus/prometheus/cmd/promtool",
        },
        280,
        tags=("netgo", "remove_all_sd", "enable_kubernetes_sd", "enable_dns_sd"),
    ),
    Tool(
        "prometheus-operator",
        {
            "prometheus-operator": f"{_PROMETHEUS_OPERATOR}/operator",
            "prometheus-config-reloader": f"{_PROMETHEUS_OPERATOR}/prometheus-config-reloader",
        },
        100,
        on_demand=True,
    ),
    Tool("kind", {"kind": "sigs.k8s.io/kind"}, 30, on_demand=True),
    Tool(
        "prometheus-adapter",
        {"prometheus-adapter": "sigs.k8s.io/prometheus-adapter/cmd/adapter"},
        150,
        on_demand=True,
    ),
    Tool(
        "kwok",
        {"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
        120,
        on_demand=True,
    ),
)


def named(name: str) -> Tool:
    """The tool of that name, or the one that holds a binary of that name."""
    for tool in TOOLS:
        if name == tool.name or name in tool.binaries:
            return tool
    known = ", ".join(tool.name for tool in TOOLS)
    raise SetupError(f"there is no tool called {name}; there are: {known}")


def holding(names: Iterable[str]) -> list[Tool]:
    """The tools of those names or binaries, each once."""
    return list({tool.name: tool for tool in map(named, names)}.values())


def key(tool: Tool, go_version: str, modules: Path = MODULES) -> str:
    """First 16 hex digits of the hash of everything that decides what the binaries are."""
    digest = hashlib.sha256()
    sources = sorted(path.name for path in (modules / tool.name).glob("*.go"))
    for name in ("go.mod", "go.sum", *sources):
        content = (modules / tool.name / name).read_bytes()
        digest.update(f"{name} {len(content)}\n".encode())
        digest.update(content)
    for part in (go_version, *tool.flags, *sorted(tool.binaries.items())):
        digest.update(f"{part}\n".encode())
    return digest.hexdigest()[:16]


@cache
def go_version() -> str:
    if shutil.which("go") is None:
        raise SetupError("Go is not on PATH; install Go 1.26 or newer (https://go.dev/doc/install)")
    return output(["go", "env", "GOVERSION", "GOOS", "GOARCH"]).replace("\n", " ").strip()


def folder(tool: Tool) -> Path:
    return places.cache() / "tools" / f"{tool.name}-{key(tool, go_version())}"


def path(binary: str) -> Path:
    """Where a binary lies once its tool is built; building it is `ensure`'s part."""
    return folder(named(binary)) / binary


def missing(tools: Sequence[Tool]) -> list[Tool]:
    return [tool for tool in tools if not folder(tool).is_dir()]


def default_set() -> list[Tool]:
    return [tool for tool in TOOLS if not tool.on_demand]


def ensure(tools: Sequence[Tool]) -> None:
    """Builds what is not there yet. The compiler's own cache goes once everything is built."""
    if not missing(tools):
        return
    with exclusively("tools"):
        todo = missing(tools)
        compiler_cache = places.cache() / "go-build"
        for number, tool in enumerate(todo, start=1):
            _build(tool, compiler_cache, f"{number} of {len(todo)}")
        if todo and "DANDELION_KEEP_GO_CACHE" not in os.environ:
            shutil.rmtree(compiler_cache, ignore_errors=True)


def _build(tool: Tool, compiler_cache: Path, position: str) -> None:
    source = MODULES / tool.name
    target = folder(tool)
    partial = target.with_name(f"{target.name}.partial")
    log = places.cache() / "logs" / f"build-{tool.name}.log"
    environment = {"CGO_ENABLED": "0", "GOFLAGS": "", "GOCACHE": str(compiler_cache)}
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    log.unlink(missing_ok=True)
    with Step(f"build {tool.name} ({position})", tool.expected) as step:
        total, compiled = _count_packages(tool, environment, log, step), 0

        def compiling(line: str) -> None:
            nonlocal compiled
            compiled += "/" in line and " " not in line
            step.figure = f"{min(compiled, total)} of {total} packages compiled"

        step.figure = "compiling"
        for binary, package in tool.binaries.items():
            command: Command = ["go", "build", "-v", *tool.flags, "-o", partial / binary, package]
            logged(command, log, env=environment, cwd=source, on_line=compiling)
        step.figure = ""
        partial.rename(target)


def _count_packages(tool: Tool, environment: dict[str, str], log: Path, step: Step) -> int:
    """How many packages a build may compile; finding out fetches the modules that are missing."""
    packages, fetched = 0, 0

    def reading(line: str) -> None:
        nonlocal packages, fetched
        packages += line == "."
        fetched += line.startswith("go: downloading")
        step.figure = f"{fetched} modules fetched"

    tags = ["-tags", ",".join(tool.tags)] if tool.tags else []
    listing = ["go", "list", *tags, "-deps", "-f", "."]
    command: Command = [*listing, *tool.binaries.values()]
    logged(command, log, env=environment, cwd=MODULES / tool.name, on_line=reading)
    return packages


def report(tools: Sequence[Tool]) -> None:
    """One ``name=path`` line a binary on standard output, for scripts."""
    for tool in tools:
        for binary in tool.binaries:
            print(f"{binary}={folder(tool) / binary}", flush=True)
    say(f"tools are in {places.cache() / 'tools'}")
