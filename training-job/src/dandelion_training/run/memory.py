"""Memory that runs out while Python is asked for it, and lives to tell.

Where the kernel ends the process instead, Kubernetes says so: OOMKilled.
"""

import torch


def out_of_memory(error: BaseException) -> bool:
    """Whether an allocation failed, in the pod's memory or on an accelerator."""
    # torch has a type of its own only for memory on accelerators.
    starved = isinstance(error, (MemoryError, torch.OutOfMemoryError))
    return starved or "can't allocate memory" in str(error)
