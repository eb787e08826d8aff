"""How far a share that was counted may be from the true one.

`figures` gives every class's recall its interval: a recall of 1 on three images says little.
"""

from math import sqrt
from statistics import NormalDist


def wilson(hits: int, trials: int, confidence: float = 0.95) -> tuple[float, float]:
    """The score interval of a binomial share, from 0 to 1; without trials, all of it.

    Unlike the share plus or minus its standard error it keeps its coverage for few trials and for
    shares near 0 and 1, where classes of a good model are.

    Wilson (1927), "Probable inference, the law of succession, and statistical inference", Journal
    of the American Statistical Association 22; recommended for small samples by Brown, Cai and
    DasGupta (2001), "Interval estimation for a binomial proportion", Statistical Science 16.
    """
    if trials == 0:
        return 0.0, 1.0
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = hits / trials
    widened = 1 + z * z / trials
    middle = share + z * z / (2 * trials)
    half = z * sqrt(share * (1 - share) / trials + z * z / (4 * trials * trials))
    # At the ends the formula gives 0 and 1 exactly; floating point may miss them by a hair.
    low = 0.0 if hits == 0 else (middle - half) / widened
    high = 1.0 if hits == trials else (middle + half) / widened
    return low, high
