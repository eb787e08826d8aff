"""Champion and challenger on one holdout: what each gets right, and how sure the difference is."""

from dandelion_training.evaluate.answers.record import Answers
from dandelion_training.evaluate.comparison.bootstrap import RESAMPLES, bootstrapped
from dandelion_training.evaluate.comparison.pairing import NotComparable, Paired, paired
from dandelion_training.evaluate.comparison.record import Both, ClassRecall, Comparison


def compare(
    challenger: Answers, champion: Answers, resamples: int = RESAMPLES
) -> Comparison | NotComparable:
    """The record of two models' answers to one dataset version's holdout, or why there is none.

    It is a function of the two lists of answers alone: the chance in it is seeded by their digests.
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
        bootstrap=bootstrapped(pairs.label, *pairs.predicted, pairs.other, seed, resamples),
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


__all__ = ["Comparison", "NotComparable", "Paired", "compare", "paired"]
