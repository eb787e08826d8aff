"""An environment of its own for every server, made from its hashed list of packages.

Kept under the user's cache and named by what it holds, so that a second run makes none. Called by
`contenders.py`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from pathlib import Path

from processes import run

HERE = Path(__file__).resolve().parent
OURS = HERE.parent / "requirements.txt"


def cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "dandelion" / "bench"


def requirements(peer: str) -> Path:
    return OURS if peer == "dandelion" else HERE / "peers" / peer / "requirements.txt"


def environment(peer: str) -> Path:
    """The folder of the environment; raises ServerError where it cannot be made."""
    lock = requirements(peer)
    folder = cache() / f"{peer}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if (folder / ".complete").exists():
        return folder
    print(f"==> packages of {peer}", flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    uv, python = str(Path(sys.executable).parent / "uv"), str(folder / "bin" / "python")
    run([uv, "venv", "--quiet", "--python", sys.executable, str(folder)])
    # Compiled beforehand, as in an image: else the first start of each would be of another kind.
    install = [uv, "pip", "install", "--quiet", "--require-hashes", "--compile-bytecode"]
    run([*install, "--python", python, "-r", str(lock)])
    (folder / ".complete").touch()
    return folder


def size(folder: Path) -> int:
    """Bytes of all files, each counted once however often it is linked."""
    seen: dict[int, int] = {}
    for path in folder.rglob("*"):
        if not path.is_symlink() and path.is_file():
            status = path.stat()
            seen[status.st_ino] = status.st_size
    return sum(seen.values())
