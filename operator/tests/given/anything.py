"""Strategies: whatever may be seen of a resource, in whatever combination."""

from __future__ import annotations

from dataclasses import replace

from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.training import RunState
from dandelion_operator.seen.identity import AccountSecrets
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.serving import Answer
from dandelion_operator.seen.training import DatasetSeen, Progress
from dandelion_operator.seen.versions import ContractSeen
from dandelion_operator.seen.windows import PodWindows
from hypothesis import strategies as st

import given
from given.drifting import windows

RUNS = ("run1", "run2", "run3")
RESOURCES = [
    given.resource(**sections)
    for sections in (
        {},
        {"suspend": True},
        {"ingest": "now"},
        {"ingest": "later", "suspend": True},
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
ingests = st.builds(
    given.ingest_job,
    st.sampled_from(RunState),
    st.sampled_from(["now", "later", "former"]),
    attempt=st.integers(1, 9),
    deleting=st.booleans(),
    reason=st.sampled_from([None, "StorageUnreachable", "TooFewImages"]),
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
purposes = st.frozensets(st.sampled_from(["training", "inference", "log"]))
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
    ingests=st.lists(ingests, max_size=3).map(tuple),
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
    stale_secrets=purposes,
    accounts=st.frozensets(st.sampled_from(["training", "inference"])),
    secrets=st.builds(AccountSecrets, unsigned=purposes, held=purposes),
)
resources = st.sampled_from(RESOURCES)
