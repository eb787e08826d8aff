"""Graphs of many nodes as arrays: what is connected, and what is beside what. `groups` calls it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Indices = NDArray[np.intp]


def components(first: Indices, second: Indices, nodes: int) -> Indices:
    """For each node the smallest node that the edges (first[i], second[i]) connect it with."""
    root = np.arange(nodes)
    while True:
        one, other = root[first], root[second]
        apart = one != other
        if not apart.any():
            return root
        first, second, one, other = first[apart], second[apart], one[apart], other[apart]
        np.minimum.at(root, np.maximum(one, other), np.minimum(one, other))
        while True:
            higher = root[root]
            if np.array_equal(higher, root):
                break
            root = higher


@dataclass(frozen=True)
class Adjacency:
    """Node i is beside `others[starts[i]:starts[i + 1]]` (compressed sparse rows)."""

    starts: NDArray[np.int64]
    others: Indices

    @classmethod
    def of(cls, first: Indices, second: Indices, nodes: int) -> "Adjacency":
        """From edges in one direction, each of them once."""
        one = np.concatenate([first, second])
        other = np.concatenate([second, first])
        starts = np.zeros(nodes + 1, np.int64)
        np.cumsum(np.bincount(one, minlength=nodes), out=starts[1:])
        return cls(starts, other[np.argsort(one, kind="stable")])

    @property
    def degrees(self) -> NDArray[np.int64]:
        return np.diff(self.starts)

    def neighbours(self, nodes: Indices) -> Indices:
        """All that is beside any of `nodes`, repeated as often as it is."""
        return np.concatenate(
            [self.others[self.starts[node] : self.starts[node + 1]] for node in nodes]
        )
