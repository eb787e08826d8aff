"""Gauges that are made of state: what was told last of each ModelDeployment, and nothing else.

The series of a resource are replaced together, so what is so no longer is told no longer. Neither
that nor forgetting a resource takes longer where there are many others. Used by `metrics`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from prometheus_client.metrics_core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from dandelion_operator.api.resource import NamespacedName


class Family(NamedTuple):
    """A metric of ModelDeployments: the first two labels are their namespace and name."""

    name: str
    documentation: str
    labels: Sequence[str]

    def of(self, value: float, *labels: str) -> Figure:
        """`labels` are the values of those after the first two."""
        return Figure(self.name, labels, value)


class Figure(NamedTuple):
    family: str
    labels: tuple[str, ...]
    value: float


class Series(Collector):
    def __init__(self, families: Iterable[Family]) -> None:
        self._families = {family.name: family for family in families}
        self._shown: dict[str, dict[NamespacedName, list[Figure]]] = {
            name: {} for name in self._families
        }

    def show(self, key: NamespacedName, figures: Iterable[Figure]) -> None:
        """From now on of this resource: these, and no other."""
        told: dict[str, list[Figure]] = {}
        for figure in figures:
            told.setdefault(figure.family, []).append(figure)
        for name, shown in self._shown.items():
            if name in told:
                shown[key] = told[name]
            else:
                shown.pop(key, None)

    def forget(self, key: NamespacedName) -> None:
        self.show(key, ())

    def clear(self) -> None:
        for shown in self._shown.values():
            shown.clear()

    def collect(self) -> Iterator[Metric]:
        for name, (_, documentation, labels) in self._families.items():
            metric = GaugeMetricFamily(name, documentation, labels=labels)
            # At once, since it is asked for beside the loop that shows and forgets.
            for key, figures in list(self._shown[name].items()):
                for figure in figures:
                    metric.add_metric((key.namespace, key.name, *figure.labels), figure.value)
            yield metric
