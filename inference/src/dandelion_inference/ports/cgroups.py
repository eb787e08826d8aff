"""Where this process's limits are written: its control groups, of cgroup v2 and v1.

A parent's limit binds too. Read by `cpu.py` and `memory.py`.
"""

from __future__ import annotations

from pathlib import Path


def groups(root: Path, controller: str) -> list[Path]:
    """The folders of a controller, from the top down to this process's own."""
    mount = root / "sys/fs/cgroup"
    found = [mount, mount / controller]
    for line in text(root / "proc/self/cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        bases = [mount] if not controllers else [mount / controllers, mount / controller]
        parts = [part for part in path.split("/") if part not in ("", "..")]
        for base in bases:
            found += [base.joinpath(*parts[:depth]) for depth in range(len(parts) + 1)]
    return found


def text(path: Path) -> str:
    """What a file says; nothing where it cannot be read."""
    try:
        return path.read_text(encoding="ascii")
    except OSError:
        return ""
