"""An interval for the share of right answers that stays valid however often one looks. Pure.

Where each reviewed answer is right with the same probability p, whatever those before it were,

    M_n(q) = B(r + 1/2, w + 1/2) / (B(1/2, 1/2) q^r (1 - q)^w)

after n answers, r right and w wrong, is a martingale that starts at 1 if q = p: the likelihood of
what was seen, averaged over all probabilities by Jeffreys' prior, over its likelihood under q. B is
the beta function. By Ville's inequality it ever reaches 1 / (1 - c) with probability 1 - c at most.
So the set of all q that it has not reached that for at any n up to now contains p with confidence
c, at all n together, whenever one looks and for whatever reason one stops (Robbins, "Statistical
methods related to the law of the iterated logarithm", 1970; Howard, Ramdas, McAuliffe and Sekhon,
"Time-uniform, nonparametric, nonasymptotic confidence sequences", 2021; as the wealth of one who
bets against q: Waudby-Smith and Ramdas, "Estimating means of bounded random variables by betting",
2023). The set is an interval, since M_n is convex in q.
"""

from math import inf, lgamma, log, pi

CONFIDENCE = 0.95
STEPS = 40  # each halves what is left: the bounds are exact to twelve digits


class ConfidenceSequence:
    """The interval `lower` to `upper` after each answer: never wider than after the one before.

    With no answer it is all that there is, 0 to 1. Where the intervals of two moments have nothing
    in common, the probability has not been the same all along, and that of now alone is kept.
    """

    def __init__(self, confidence: float = CONFIDENCE) -> None:
        """`confidence` is that both bounds hold, for ever; between 0 and 1."""
        self._limit = -log(1 - confidence)
        self.right = self.wrong = 0
        self.lower, self.upper = 0.0, 1.0

    def add(self, is_right: bool) -> None:
        """Take the next answer, in the order in which they were reviewed."""
        self.right += is_right
        self.wrong += not is_right
        estimate = self.right / (self.right + self.wrong)
        lower, upper = self._bound(estimate, self.lower), self._bound(estimate, self.upper)
        if lower <= estimate <= upper:
            self.lower, self.upper = lower, upper
        elif estimate < lower:
            self._below(estimate)
        else:
            self._above(estimate)

    def _below(self, estimate: float) -> None:
        """The estimate has fallen out of the interval, whose lower bound may not hold any more."""
        top = self._bound(estimate, 1.0)
        if top < self.lower:
            self.lower, self.upper = self._bound(estimate, 0.0), top
        else:
            self.upper = min(self.upper, top)

    def _above(self, estimate: float) -> None:
        bottom = self._bound(estimate, 0.0)
        if bottom > self.upper:
            self.lower, self.upper = bottom, self._bound(estimate, 1.0)
        else:
            self.lower = max(self.lower, bottom)

    def _bound(self, estimate: float, bound: float) -> float:
        """`bound`, or the one nearer to the estimate that the answers up to now leave."""
        if self._evidence(bound) < self._limit:
            return bound
        inside, outside = estimate, bound
        for _ in range(STEPS):
            middle = (inside + outside) / 2
            if self._evidence(middle) < self._limit:
                inside = middle
            else:
                outside = middle
        return outside

    def _evidence(self, share: float) -> float:
        """ln M_n(share)."""
        r, w = self.right, self.wrong
        averaged = lgamma(r + 0.5) + lgamma(w + 0.5) - lgamma(r + w + 1) - log(pi)
        return averaged - _log_power(share, r) - _log_power(1 - share, w)


def _log_power(base: float, exponent: int) -> float:
    if not exponent:
        return 0.0
    return exponent * log(base) if base > 0 else -inf
