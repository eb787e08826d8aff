"""Prometheus is told of a resource what was shown of it last, and nothing of one that is gone."""

from __future__ import annotations

import pytest
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.metrics.series import Family, Series
from prometheus_client import CollectorRegistry, generate_latest

LAWN, MOSS = NamespacedName("garden", "lawn"), NamespacedName("garden", "moss")
IMAGES = Family("images", "Images", ["namespace", "name", "source"])
SINCE = Family("since_timestamp_seconds", "Since when", ["namespace", "name"])


@pytest.fixture
def series() -> Series:
    found = Series((IMAGES, SINCE))
    for key in (LAWN, MOSS):
        found.show(key, [IMAGES.of(7, "storage"), IMAGES.of(2, "reviews"), SINCE.of(1.5)])
    return found


def scraped(series: Series) -> list[str]:
    registry = CollectorRegistry()
    registry.register(series)
    return [
        line for line in generate_latest(registry).decode().splitlines() if not line.startswith("#")
    ]


def of(name: str) -> list[str]:
    where = f'name="{name}",namespace="garden"'
    return [
        f'images{{{where},source="storage"}} 7.0',
        f'images{{{where},source="reviews"}} 2.0',
        f"since_timestamp_seconds{{{where}}} 1.5",
    ]


def test_what_was_shown_is_told(series: Series) -> None:
    assert sorted(scraped(series)) == sorted(of("lawn") + of("moss"))


def test_what_is_so_no_longer_is_told_no_longer(series: Series) -> None:
    series.show(LAWN, [IMAGES.of(8, "storage")])
    told = 'images{name="lawn",namespace="garden",source="storage"} 8.0'
    assert sorted(scraped(series)) == sorted([told, *of("moss")])


def test_a_resource_that_is_gone_is_forgotten_and_no_other(series: Series) -> None:
    series.forget(LAWN)
    series.forget(LAWN)
    assert sorted(scraped(series)) == sorted(of("moss"))


def test_all_are_forgotten_at_once(series: Series) -> None:
    series.clear()
    assert scraped(series) == []
