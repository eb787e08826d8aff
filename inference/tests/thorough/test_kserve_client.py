"""KServe's own client works against the service.

It asks for versions of its dependencies that nothing else here agrees with, so it lives in an
environment of its own.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pictures
import pytest
from given.artifacts import SIZE
from running.cached_environments import environment_of
from running.service import Service

CLIENTS = Path(__file__).parent / "clients"
REQUIREMENTS = CLIENTS / "requirements-kserve.txt"


@pytest.fixture(scope="session")
def python() -> Path:
    """The interpreter of an environment with KServe's client."""
    return environment_of("kserve", REQUIREMENTS) / "bin/python"


def test_kserves_client_is_answered(running_service: Service, python: Path, tmp_path: Path) -> None:
    picture = tmp_path / "picture"
    picture.write_bytes(pictures.plain(pictures.BLUE, "JPEG"))
    script = CLIENTS / "kserve_client.py"
    ran = subprocess.run(
        [python, script, running_service.url, str(SIZE), picture],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    one = {"labels": ["blue"], "shape": [1, 3]}
    two = {"labels": ["blue", "blue"], "shape": [2, 3]}
    assert json.loads(ran.stdout.splitlines()[-1]) == {
        "live": True,
        "ready": True,
        "model ready": True,
        "another model ready": False,
        "JSON tensor, JSON answer": one,
        "JSON tensor, binary answer": one,
        "binary tensor, JSON answer": one,
        "binary tensor, binary answer": one,
        "files, JSON answer": two,
        "files, binary answer": two,
        "the answer has a name": True,
        "another model": 404,
    }
