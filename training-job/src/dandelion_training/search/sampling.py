"""What the next trial should try, by Optuna's tree-structured Parzen estimator.

Optuna keeps nothing here: a study is made of the results that are stored whenever a trial asks, and
forgotten. Bergstra et al. 2011, Algorithms for Hyper-Parameter Optimization. The `trial` in
`run/model_selection` calls `proposal`.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
)
from optuna.trial import TrialState

from dandelion_training.ports.settings.search import Domain, Range, Search, Value
from dandelion_training.search.records import Outcome, TrialResult

STATES = {
    Outcome.COMPLETE: TrialState.COMPLETE,
    Outcome.PRUNED: TrialState.PRUNED,
    Outcome.FAILED: TrialState.FAIL,
}
MOST_RANDOM = 10  # trials before anything is concluded from them; of few, a third
FEWEST_RANDOM = 2
PROPOSALS = 20  # that are looked at for one that was not tried yet

Parameters = Mapping[str, Value]


def proposal(
    search: Search,
    own: Parameters,
    seed: str,
    trial: int,
    results: Sequence[TrialResult],
    tried: Collection[Parameters],
) -> dict[str, Value]:
    """The parameters of a trial; the same for the same arguments, in whichever order.

    The first trial tries the run's `own` settings as far as they lie within the search, so that no
    search ends with worse ones than it began with. `tried` are those of all trials that were begun:
    where there is a choice, none is tried twice.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    domains = search.parameters.domains
    space = {name: _distribution(domain) for name, domain in domains.items()}
    study = _study(search, space, _number(seed, trial), results)
    proposed: dict[str, Value] = {}
    for _ in range(PROPOSALS):
        proposed = dict(study.ask(fixed_distributions=space).params)
        if proposed not in tried:
            break
    if trial == 0:
        proposed |= {name: own[name] for name, domain in domains.items() if own[name] in domain}
    return proposed


def _study(
    search: Search,
    space: Mapping[str, BaseDistribution],
    seed: int,
    results: Sequence[TrialResult],
) -> optuna.Study:
    random = max(FEWEST_RANDOM, min(MOST_RANDOM, search.max_trials // 3))
    sampler = optuna.samplers.TPESampler(seed=seed, n_startup_trials=random)
    study = optuna.create_study(direction="maximize", sampler=sampler)
    for result in sorted(results, key=lambda found: found.trial):
        study.add_trial(
            optuna.trial.create_trial(
                state=STATES[result.outcome],
                value=result.value,
                params=dict(result.parameters),
                distributions=dict(space),
                intermediate_values=dict(result.values),
            )
        )
    return study


def _distribution(domain: Domain) -> BaseDistribution:
    if isinstance(domain, Range):
        return FloatDistribution(domain.min, domain.max, log=True)
    return CategoricalDistribution(domain.values)


def _number(seed: str, trial: int) -> int:
    """A seed as Optuna takes one."""
    return int.from_bytes(hashlib.sha256(f"{seed}/{trial}".encode()).digest()[:4], "big")
