"""When a trial is given up: the median rule. Each trial asks after every epoch.

Golovin et al. 2017, Google Vizier: A Service for Black-Box Optimization (section 3.2.1), with one
change: trials that are still learning and those that were given up count as far as they came. Of
those that come far the better half is then left at each step, as in successive halving, while
trials that are complete alone would let half of all learn to the end.
"""

from collections.abc import Mapping, Sequence
from statistics import median

# With one alone, a search stands and falls with how its first trial begins; each further one lets
# another trial at the beginning learn to its end, whatever it is worth.
FEWEST_OTHERS = 2

Curve = Mapping[int, float]


def falls_behind(own: Curve, others: Sequence[Curve]) -> bool:
    """Whether the best value so far is below the median of what the others had reached by then.

    Curves are values by step; the greater, the better. Others that have not come as far yet are no
    measure, and fewer than `FEWEST_OTHERS` that have are none.
    """
    if not own:
        return False
    step = max(own)
    reached = [_best(other, step) for other in others if max(other, default=0) >= step]
    return len(reached) >= FEWEST_OTHERS and _best(own, step) < median(reached)


def _best(curve: Curve, step: int) -> float:
    return max(value for at, value in curve.items() if at <= step)
