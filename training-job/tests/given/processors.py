"""A calculation in processes that add up in different orders: by BLAS's code for an old processor
on one, and by its code for this processor on all of them.
"""

import os
import subprocess
import sys

ONE_OLD = {"OPENBLAS_CORETYPE": "Nehalem", "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Heard by OpenBLAS on x86 alone; the number of threads everywhere."""


def printed_by_each(program: str) -> list[str]:
    """What the program prints in each of them."""
    own = {name: value for name, value in os.environ.items() if "BLAS" not in name}
    own = {name: value for name, value in own.items() if not name.endswith("_NUM_THREADS")}
    own["PYTHONPATH"] = os.pathsep.join(sys.path)
    command = [sys.executable, "-c", program]
    return [
        subprocess.run(command, env=own | more, capture_output=True, text=True, check=True).stdout
        for more in ({}, ONE_OLD)
    ]
