"""What stands on the ServiceAccounts by which pods reach S3: IRSA, EKS Pod Identity, and the like.

A webhook of the cluster gives such a pod a token, for which it is lent a key that ends by itself;
so no key is copied anywhere. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field

NAMESPACE, NAME = "{namespace}", "{name}"


class Identity(BaseModel):
    """Annotations by what the pods do; in their values the two words stand for the
    ModelDeployment's. With EKS Pod Identity there are none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    training: Mapping[str, str] = Field(default_factory=dict)
    inference: Mapping[str, str] = Field(default_factory=dict)


def filled(annotations: Mapping[str, str], namespace: str, name: str) -> dict[str, str]:
    return {
        key: value.replace(NAMESPACE, namespace).replace(NAME, name)
        for key, value in annotations.items()
    }
