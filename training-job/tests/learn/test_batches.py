"""An epoch's batches: in which order, how often that is worked out, and from which one on."""

from collections import Counter

import pytest
import torch
from dandelion_training.learn import batches as feeding
from dandelion_training.learn.recipe import order
from given.learning import Looked, batches_of, tinted


def test_the_order_of_an_epoch_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def counted(seed: int, epoch: int, images: int, batch_size: int) -> list[object]:
        asked.append(epoch)
        return list(order(seed, epoch, images, batch_size))

    monkeypatch.setattr(feeding, "order", counted)
    with batches_of(tinted([20, 20])) as batches:
        for epoch in range(3):
            assert len(list(batches.training(epoch))) == batches.per_epoch == 4
    assert asked == [0, 1, 2]


def test_an_epoch_that_goes_on_in_its_middle_yields_the_rest_of_it() -> None:
    with batches_of(tinted([15, 15])) as batches:
        whole = list(batches.training(4))
        rest = list(batches.training(4, first=1))
    assert len(rest) == 2
    for (images, labels), (again, same) in zip(whole[1:], rest, strict=True):
        assert torch.equal(images, again)
        assert torch.equal(labels, same)


def test_what_was_learnt_already_is_not_prepared_again() -> None:
    learnt_from = tinted([15, 15])
    with batches_of(learnt_from) as batches:
        list(batches.training(0, first=2))
    assert isinstance(learnt_from.windows, Looked)
    assert Counter(learnt_from.windows.keys_seen).total() == 10


def test_each_image_comes_with_its_own_class() -> None:
    with batches_of(tinted([6, 14])) as batches:
        seen = [
            (image, label)
            for batch in batches.training(0)
            for image, label in zip(*batch, strict=True)
        ]
    assert Counter(int(label) for _, label in seen) == {0: 6, 1: 14}
    blue, red = 2, 0
    for image, label in seen:
        assert (image[blue].mean() > image[red].mean()) == (label == 0)
