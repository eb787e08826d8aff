"""Champion and challenger on one holdout: what each gets right, and how sure the difference is."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from dandelion_training.evaluate.answers.record import Answers
from dandelion_training.evaluate.comparison.bootstrap import RESAMPLES, bootstrapped
from dandelion_training.evaluate.comparison.pairing import NotComparable, Paired, paired
from dandelion_training.evaluate.comparison.record import Both, ClassRecall, Comparison


def compare(
    challenger: Answers,
    champion: Answers,
    resamples: int = RESAMPLES,
    groups: Mapping[str, int] | None = None,
) -> Comparison | NotComparable:
    """The record of two models' answers to one dataset version's holdout, or why there is none.

    `groups` has the number of the group of near-duplicates that an image belongs to, by SHA-256; an
    image that is missing there is a group by itself. The record is a function of the two lists of
    answers and the groups alone: the chance in it is seeded by digests.
    """
    pairs = paired(challenger, champion)
    if isinstance(pairs, NotComparable):
        return pairs
    first, second = pairs.right
    both = Both(
        right=int((first & second).sum()),
        challenger_only=int((first & ~second).sum()),
        champion_only=int((~first & second).sum()),
        wrong=int((~first & ~second).sum()),
    )
    ours, theirs = pairs.confusions
    held = [index for index, images in enumerate(ours.support.tolist()) if images]
    seed = f"{challenger.dataset} {challenger.contract} {champion.contract}"
    return Comparison(
        dataset=challenger.dataset,
        challenger=challenger.contract,
        champion=champion.contract,
        shared=pairs.shared,
        gained=pairs.gained,
        lost=pairs.lost,
        both=both,
        macro_f1=(ours.macro_f1, theirs.macro_f1),
        bootstrap=bootstrapped(
            pairs.label,
            *pairs.predicted,
            pairs.other,
            seed,
            resamples,
            _numbers(challenger.sha256[pairs.rows[0]], groups or {}),
        ),
        recall={
            pairs.shared[index]: ClassRecall(
                images=int(ours.support[index]),
                challenger=int(ours.right[index]),
                champion=int(theirs.right[index]),
            )
            for index in held
        },
        never_answered=(
            tuple(pairs.shared[index] for index in ours.never_answered),
            tuple(pairs.shared[index] for index in theirs.never_answered),
        ),
    )


def _numbers(sha256: NDArray[np.bytes_], groups: Mapping[str, int]) -> NDArray[np.int64]:
    """The group of each image; those of images that belong to none follow the others."""
    first = max(groups.values(), default=-1) + 1
    found = (groups.get(name.decode(), first + row) for row, name in enumerate(sha256.tolist()))
    return np.fromiter(found, np.int64, len(sha256))


__all__ = ["Comparison", "NotComparable", "Paired", "compare", "paired"]
