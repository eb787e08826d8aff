"""Covariance and whitening are what linear algebra says, and the same in every process."""

import numpy as np
import pytest
from dandelion_training.export.whitening import covariance, whitening
from given.processors import printed_by_each
from numpy.typing import NDArray

PROGRAM = """
import hashlib, numpy
from dandelion_training.export.whitening import covariance, whitening
chance = numpy.random.default_rng(0)
seen = numpy.repeat(chance.normal(size=(500, 8)), 16, axis=1) + chance.normal(size=(500, 128))
for found in (covariance(seen), whitening(covariance(seen))):
    print(hashlib.sha256(found.tobytes()).hexdigest())
"""


def centred(images: int, features: int) -> NDArray[np.float64]:
    chance = np.random.default_rng(1)
    seen = chance.normal(size=(images, features)) @ chance.normal(size=(features, features))
    return seen - seen.mean(axis=0)


def test_it_is_the_covariance() -> None:
    values = centred(200, 30)
    assert covariance(values) == pytest.approx(np.cov(values.T, bias=True), rel=1e-12, abs=1e-12)


@pytest.mark.parametrize("features", [1, 2, 30])
def test_what_is_whitened_has_the_covariance_1(features: int) -> None:
    values = centred(200, features)
    told = whitening(covariance(values))
    assert covariance(values @ told) == pytest.approx(np.eye(features), abs=1e-9)
    expected = np.linalg.inv(np.linalg.cholesky(covariance(values))).T
    assert told == pytest.approx(expected, rel=1e-9, abs=1e-9)


def test_it_leaves_what_it_is_given() -> None:
    given = covariance(centred(200, 30))
    before = given.copy()
    whitening(given)
    assert np.array_equal(given, before)


def test_every_process_gives_the_same_bytes() -> None:
    one, other = printed_by_each(PROGRAM)
    assert one == other
