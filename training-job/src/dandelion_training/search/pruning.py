"""When a trial is given up. Each trial asks after every epoch.

`SuccessiveHalving` is Optuna's: the better half at a rung learns twice as long, and nobody waits
for the others. Li et al. 2020, A System for Massively Parallel Hyperparameter Tuning (ASHA). As
everywhere, Optuna remembers nothing: it is told of all curves whenever a trial reaches a rung.

`Median` is of Golovin et al. 2017, Google Vizier: A Service for Black-Box Optimization (section
3.2.1), with one change: trials that are still learning and those that were given up count as far as
they came. Trials that are complete alone would let half of all learn to the end.
"""

from collections.abc import Mapping, Sequence
from statistics import median

import optuna
from optuna.pruners import SuccessiveHalvingPruner
from optuna.samplers import RandomSampler

from dandelion_training.ports.settings.search import Rule

# Of the median: with one alone, a search stands and falls with how its first trial begins; each
# further one lets another trial at the beginning learn to its end, whatever it is worth.
FEWEST_OTHERS = 2
# The first rung is a tenth of the epochs: sooner, a curve says little; later, nothing is saved.
SHARE_OF_FIRST_RUNG = 10
REDUCTION = 2

Curve = Mapping[int, float]


def falls_behind(rule: Rule, own: Curve, others: Sequence[Curve], epochs: int) -> bool:
    """Whether a trial is to be given up.

    Curves are values by step; the greater, the better. `epochs` are the most that any trial of the
    search learns, in all folds.
    """
    if rule == "Median":
        return _below_median(own, others)
    return _halved(own, others, epochs)


def _halved(own: Curve, others: Sequence[Curve], epochs: int) -> bool:
    """Whether it stands at a rung and is not among the better half of those that reached it."""
    first = max(1, epochs // SHARE_OF_FIRST_RUNG)
    rungs = _rungs(first, len(own))
    if not rungs or rungs[-1] != len(own):
        return False
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = SuccessiveHalvingPruner(min_resource=first, reduction_factor=REDUCTION)
    study = optuna.create_study(direction="maximize", sampler=RandomSampler(), pruner=pruner)
    behind = False
    for curve in (*others, own):  # the last is asked about
        trial, values = study.ask(), [curve[step] for step in sorted(curve)]
        for rung in rungs:
            if rung <= len(values):
                trial.report(values[rung - 1], rung)
                behind = trial.should_prune()
    return behind


def _rungs(first: int, reached: int) -> list[int]:
    """How many epochs a trial has learnt at each rung, as far as it has come."""
    rungs = []
    while first <= reached:
        rungs.append(first)
        first *= REDUCTION
    return rungs


def _below_median(own: Curve, others: Sequence[Curve]) -> bool:
    """Whether the best value so far is below the median of what the others had reached by then.

    Others that have not come as far yet are no measure, and fewer than `FEWEST_OTHERS` that have
    are none.
    """
    if not own:
        return False
    step = max(own)
    reached = [_best(other, step) for other in others if max(other, default=0) >= step]
    return len(reached) >= FEWEST_OTHERS and _best(own, step) < median(reached)


def _best(curve: Curve, step: int) -> float:
    return max(value for at, value in curve.items() if at <= step)
