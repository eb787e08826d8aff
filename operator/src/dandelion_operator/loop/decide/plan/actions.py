"""Every action that there is."""

from __future__ import annotations

from dandelion_operator.loop.decide.plan.children import (
    AddSigningKey,
    AdjustDeployment,
    ApplyBudget,
    ApplyDeployment,
    ApplyIngress,
    ApplyPolicy,
    ApplyRoute,
    ApplyS3Account,
    ApplyService,
    RefreshSecret,
    RemoveBudget,
    RemoveIngress,
    RemovePolicy,
    RemoveRoute,
)
from dandelion_operator.loop.decide.plan.jobs import (
    ExpireJob,
    RemoveJob,
    StartEvaluation,
    StartIngest,
    StartTraining,
    SuspendJob,
)
from dandelion_operator.loop.decide.plan.versions import (
    BeginRestoring,
    ConfirmAlias,
    EndRestoring,
    RegisterVersion,
    RemoveAlias,
    SetAlias,
    SetVerdict,
)

Action = (
    StartTraining
    | StartEvaluation
    | StartIngest
    | RemoveJob
    | ExpireJob
    | SuspendJob
    | SetVerdict
    | SetAlias
    | RemoveAlias
    | ConfirmAlias
    | BeginRestoring
    | RegisterVersion
    | EndRestoring
    | RefreshSecret
    | AddSigningKey
    | ApplyS3Account
    | ApplyService
    | ApplyBudget
    | RemoveBudget
    | ApplyRoute
    | RemoveRoute
    | ApplyIngress
    | RemoveIngress
    | ApplyPolicy
    | RemovePolicy
    | ApplyDeployment
    | AdjustDeployment
)
