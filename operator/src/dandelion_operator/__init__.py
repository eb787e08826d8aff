"""The kopf operator that keeps what a ModelDeployment asks for and what the cluster runs the same.

One pass is observe (reads) → decide (pure) → apply (writes), repeated until nothing is left to
write, then report (pure) → status.
"""

__version__ = "0.1.0"
