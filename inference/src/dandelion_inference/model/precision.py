"""Which precision is served: what the resource asks for, what training found, what the node has.

Called by `artifact.py`, which fetches only the graph that is served, and by `network.py`.
"""

from __future__ import annotations

from dandelion_inference.errors import LoadError, Reason
from dandelion_inference.model.contract import Contract, Precision
from dandelion_inference.ports.settings import Asked


def wished(asked: Asked, contract: Contract) -> Precision:
    """What to serve where the processor can; raises LoadError."""
    precision = contract.precision.choice if asked is Asked.AUTO else Precision(asked.value)
    if contract.graphs.of(precision) is None:
        raise LoadError(
            Reason.MODEL_INVALID,
            f"serving.precision is {asked.value}, and the artifact has no such graph; "
            f"set it to auto, or train again",
        )
    return precision


def served(asked: Asked, precision: Precision, has_bf16: bool) -> Precision:
    """What is served on this very processor; raises LoadError.

    A processor without bf16 would emulate it, slower than fp32.
    """
    if precision is not Precision.BF16 or has_bf16:
        return precision
    if asked is Asked.AUTO:
        return Precision.FP32
    raise LoadError(
        Reason.MODEL_INVALID,
        "serving.precision is bf16, and the processor of this node has no bf16; set it to auto, "
        "or a nodeSelector for nodes that have",
    )
