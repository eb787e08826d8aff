"""Whatever is seen, in whatever combination: no crash, no second run, no unverified version."""

from __future__ import annotations

import given
from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.serving import Auth
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.children import (
    ApplyDeployment,
)
from dandelion_operator.loop.decide.plan.jobs import StartEvaluation, StartTraining
from dandelion_operator.loop.decide.plan.versions import SetAlias, SetVerdict
from dandelion_operator.loop.report import report
from dandelion_operator.seen.comparison import Comparison, ComparisonName
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen
from given.anything import resources, worlds
from given.report.told import may_be_told
from hypothesis import given as for_any
from hypothesis import settings

QUICK = settings(max_examples=80, deadline=None, database=None)


def actions(resource: Resource, observed: Observed) -> list[Action]:
    decided = decide(resource, observed, given.place(resource))
    return [action for concern in decided.concerns for action in concern]


@QUICK
@for_any(resources, worlds)
def test_the_status_can_always_be_told_and_telling_it_again_changes_nothing(
    resource: Resource, observed: Observed
) -> None:
    decided = decide(resource, observed, given.place(resource))
    first = report(resource, observed, decided, (), given.NOW)
    assert Status.model_validate(first.as_json()) == first
    assert [item.type.value for item in first.conditions] == [
        "Accepted",
        "Trained",
        "Promoted",
        "RolledOut",
        "Ready",
        "DriftDetected",
    ]
    assert [item for item in first.conditions if not may_be_told(item)] == []


@QUICK
@for_any(resources, worlds)
def test_never_are_two_runs_wanted_or_one_while_another_is_in_flight(
    resource: Resource, observed: Observed
) -> None:
    starts = [item for item in actions(resource, observed) if isinstance(item, StartTraining)]
    assert len(starts) <= 1
    if starts:
        assert not resource.spec.suspend
        assert not isinstance(observed.registry, Failure)
        done = {version.run for version in observed.registry.versions}
        told = observed.previous.training
        if told is not None and told.state is RunState.SUCCEEDED:
            done.add(told.run)  # seen at an earlier look: its Job only tidies up
        assert all(job.state.finished or job.run in done for job in observed.jobs)


@QUICK
@for_any(resources, worlds)
def test_the_alias_is_only_given_to_what_passed_or_given_back_to_what_serves(
    resource: Resource, observed: Observed
) -> None:
    todo = actions(resource, observed)
    for action in todo:
        if action == SetAlias("champion", getattr(action, "version", 0)):
            assert isinstance(observed.registry, RegistrySeen)
            begun = observed.registry.version(action.version)
            assert begun is not None
            now = any(
                isinstance(item, SetVerdict)
                and (item.version, item.verdict) == (action.version, "promoting")
                for item in todo
            )
            gives_back = any(
                item.replaces == str(action.version) and item.verdict in ("passed", "promoting")
                for item in observed.registry.versions
            )
            deployed = observed.registry.deployed
            serves = (
                observed.registry.restoring
                and observed.registry.champion is None
                and deployed is not None
                and begun.contract_digest == deployed.contract_digest
            )
            assert now or begun.verdict == "promoting" or gives_back or serves


@QUICK
@for_any(resources, worlds)
def test_what_serves_is_only_replaced_by_a_champion_that_was_verified(
    resource: Resource, observed: Observed
) -> None:
    serving = observed.deployment.target if observed.deployment else None
    for action in actions(resource, observed):
        if isinstance(action, ApplyDeployment) and action.target != serving:
            assert isinstance(observed.registry, RegistrySeen)
            assert action.target.version == observed.registry.champion
            assert isinstance(observed.artifacts.get(action.target.version), ContractSeen)


@QUICK
@for_any(resources, worlds)
def test_no_pods_are_made_that_have_nobody_to_ask_who_calls(
    resource: Resource, observed: Observed
) -> None:
    todo = given.decided(resource, observed, given.WITHOUT_REVIEWER).rollout.actions
    asks = resource.spec.serving.auth is Auth.CLUSTER_TOKENS
    assert not (asks and any(isinstance(item, ApplyDeployment) for item in todo))


@QUICK
@for_any(resources, worlds)
def test_a_comparison_is_only_made_where_one_is_waited_for(
    resource: Resource, observed: Observed
) -> None:
    decided = decide(resource, observed, given.place(resource))
    starts = [item for item in decided.promote.actions if isinstance(item, StartEvaluation)]
    assert len(starts) <= 1
    for start in starts:
        assert not resource.spec.suspend
        assert decided.promote.waiting is not None
        assert all(job.evaluation != start.evaluation for job in observed.evaluations)
        names = (start.dataset, start.challenger.contract_digest, start.champion.contract_digest)
        assert observed.comparisons[ComparisonName(*names)] is None


@QUICK
@for_any(resources, worlds)
def test_nothing_replaces_a_champion_that_it_was_not_compared_with(
    resource: Resource, observed: Observed
) -> None:
    for action in actions(resource, observed):
        if isinstance(action, SetVerdict) and action.verdict == "promoting":
            assert isinstance(observed.registry, RegistrySeen)
            champion = observed.registry.champion
            if champion is not None:
                compared = observed.comparisons.get(given.compared(action.version, champion))
                assert isinstance(compared, Comparison)
