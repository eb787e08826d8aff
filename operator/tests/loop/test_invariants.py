"""Whatever is seen, in whatever combination: no crash, no second run, no unverified version."""

from __future__ import annotations

from dataclasses import replace

import given
from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.serving import Auth
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.children import (
    ApplyAccount,
    ApplyDeployment,
    BindTokenReviewers,
)
from dandelion_operator.loop.decide.plan.jobs import StartEvaluation, StartTraining
from dandelion_operator.loop.decide.plan.versions import SetAlias, SetVerdict
from dandelion_operator.loop.report import report
from dandelion_operator.seen.comparison import Comparison, ComparisonName
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.serving import AccountSeen, Answer
from dandelion_operator.seen.training import DatasetSeen, Progress
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen
from dandelion_operator.seen.windows import PodWindows
from given.drifting import windows
from given.told import may_be_told
from hypothesis import given as for_any
from hypothesis import settings
from hypothesis import strategies as st

QUICK = settings(max_examples=80, deadline=None, database=None)

RUNS = ("run1", "run2", "run3")
RESOURCES = [
    given.resource(**sections)
    for sections in (
        {},
        {"suspend": True},
        {"training": {"epochs": 20}},
        {"training": {"initialWeights": "champion"}},
        {"promotion": {"mode": "Manual"}},
        {"promotion": {"mode": "Observe"}},
        {"promotion": {"onUndecided": "Hold", "minClassRecall": 0.5}},
        {"serving": {"replicas": 0}},
        {"serving": {"auth": "ClusterTokens"}},
        {"serving": {"precision": "int8", "logging": {"images": True}}},
    )
]
TRAINING_HASHES = ["", "other", *{digests.training_hash(item) for item in RESOURCES}]

BUCKET = [
    Failure(reason, "words")
    for reason in (
        Reason.STORAGE_UNREACHABLE,
        Reason.CREDENTIALS_REJECTED,
        Reason.BUCKET_NOT_FOUND,
    )
]
failures = st.sampled_from([*BUCKET, Failure(Reason.ARTIFACT_REJECTED, "words")])
NAMES = [
    given.compared(challenger, champion)
    for challenger in range(1, 5)
    for champion in range(1, 5)
    if challenger != champion
]
comparisons = st.builds(given.comparison, st.integers(0, 30), st.integers(0, 30))
evaluations = st.builds(
    given.evaluation,
    st.sampled_from(RunState),
    evaluation=st.sampled_from(
        ["former", *(digests.evaluation(n.dataset, n.challenger, n.champion) for n in NAMES)]
    ),
    name=st.sampled_from(["lawn-evaluate-1", "lawn-evaluate-2"]),
    deleting=st.booleans(),
    gate=st.sampled_from(["", *(digests.gate(item) for item in RESOURCES)]),
)
versions = st.builds(
    given.version,
    st.integers(1, 4),
    run=st.sampled_from(["", *RUNS]),
    training_hash=st.sampled_from(TRAINING_HASHES),
    verdict=st.sampled_from(
        ["", "passed", "promoting", "promoted", "rejected", "undecided", "awaiting", "observed"]
    ),
    gate=st.sampled_from(["", *(digests.gate(item) for item in RESOURCES)]),
    replaces=st.sampled_from(["", "1", "2"]),
)
aliases = st.none() | st.integers(1, 5)
registries = st.builds(
    lambda found, champion, challenger, left, deployed, restoring: replace(
        given.registry(*found, champion=champion, challenger=challenger),
        left=left if champion is None else None,
        deployed=given.version(deployed).target if deployed else None,
        restoring=restoring,
    ),
    st.lists(versions, max_size=4, unique_by=lambda item: item.version),
    aliases,
    aliases,
    st.none() | versions,
    aliases,
    st.sampled_from([False, False, False, True]),
)
jobs = st.builds(
    given.job,
    st.sampled_from(RUNS),
    st.sampled_from(RunState),
    training_hash=st.sampled_from(TRAINING_HASHES),
    deleting=st.booleans(),
    created=st.sampled_from([given.NOW, given.LATER]),
)
trainings = st.builds(
    given.training,
    st.sampled_from(RUNS),
    st.sampled_from([state.value for state in RunState]),
    training_hash=st.sampled_from(TRAINING_HASHES),
)
statuses = st.builds(
    lambda training, champion, ready, followed: given.status(
        **({"training": training} if training else {}),
        **({"champion": {"version": str(champion)}} if champion else {}),
        conditions=[
            {
                "type": "Ready",
                "status": ready,
                "reason": "Serving",
                "lastTransitionTime": given.NOW,
            }
        ],
        history=[{"time": given.NOW, "decision": "Promoted", "version": followed}]
        if followed
        else [],
    ),
    st.none() | trainings,
    aliases,
    st.sampled_from(["True", "False"]),
    st.sampled_from(["", "1", "2", "3"]),
)
pods_windows = st.builds(
    PodWindows,
    st.sampled_from(["a", "b"]),
    st.integers(1, 4),
    st.none()
    | st.lists(st.lists(st.sampled_from([0.5, 1.0, 2.0]), max_size=5), max_size=2).map(
        lambda sizes: tuple(windows(*ratios) for ratios in sizes)
    ),
    st.booleans(),
)
worlds = st.builds(
    Observed,
    previous=statuses,
    dataset=st.sampled_from([*BUCKET, DatasetSeen("images-1", 40), DatasetSeen("images-2", 41)]),
    registry=registries | st.just(Failure(Reason.REGISTRY_UNREACHABLE, "words")),
    credentials=st.none() | st.just(Failure(Reason.SECRET_MISSING, "words")),
    jobs=st.lists(jobs, max_size=4, unique_by=lambda item: item.run).map(tuple),
    progress=st.builds(
        Progress,
        run=st.sampled_from(["", *RUNS]),
        state=st.sampled_from([None, "running", "succeeded", "failed"]),
        percent=st.integers(-5, 200),
    ),
    artifacts=st.dictionaries(
        st.integers(1, 4),
        failures | st.builds(ContractSeen, st.dictionaries(st.just("accuracy"), st.floats(0, 1))),
    ),
    comparisons=st.fixed_dictionaries(dict.fromkeys(NAMES, st.none() | failures | comparisons)),
    evaluations=st.lists(evaluations, max_size=3, unique_by=lambda item: item.name).map(tuple),
    deployment=st.none()
    | st.builds(
        given.deployment,
        st.integers(1, 4),
        available=st.integers(0, 2),
        deadline_exceeded=st.booleans(),
        ours=st.booleans(),
    ),
    pods=st.lists(st.builds(given.pod, st.integers(1, 4), st.booleans()), max_size=3).map(tuple),
    service=st.none() | st.builds(given.service, st.booleans()),
    answer=st.none() | st.builds(Answer, aliases, st.just("words")),
    windows=st.lists(pods_windows, max_size=3).map(tuple),
    account=st.builds(AccountSeen, st.booleans(), st.booleans(), st.booleans())
    | st.just(Failure(Reason.AUTH_UNAVAILABLE, "words")),
    stale_secrets=st.frozensets(st.sampled_from(["training", "inference", "log"])),
)
resources = st.sampled_from(RESOURCES)


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
def test_pods_that_ask_who_calls_come_after_their_right_to_ask(
    resource: Resource, observed: Observed
) -> None:
    todo = actions(resource, observed)
    if resource.spec.serving.auth is not Auth.CLUSTER_TOKENS:
        assert not any(isinstance(item, ApplyAccount | BindTokenReviewers) for item in todo)
        return
    pods = [index for index, item in enumerate(todo) if isinstance(item, ApplyDeployment)]
    if pods:
        assert isinstance(observed.account, AccountSeen)
        assert observed.account.exists or ApplyAccount() in todo[: pods[0]]
        assert observed.account.may_review or BindTokenReviewers() in todo[: pods[0]]


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
