"""Environments of other programs that tests run, made once and kept where the project's are.

What is in them agrees with nothing else here, or is too large for everybody's environment.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

UV = Path(sys.executable).parent / "uv"


def environment_of(name: str, requirements: Path) -> Path:
    """The home of an environment, named by what it holds."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "dandelion"
    digest = hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]
    home = cache / f"venv-{name}-{digest}"
    complete = home / ".complete"
    if not complete.exists():
        shutil.rmtree(home, ignore_errors=True)
        subprocess.run([UV, "venv", "-q", "--python", sys.executable, home], check=True)
        python = home / "bin/python"
        install = [str(UV), "pip", "install", "-q", "--require-hashes", "--python", str(python)]
        subprocess.run([*install, "-r", str(requirements)], check=True)
        complete.touch()
    return home
