"""A specification that is wrong, and what kubectl then says."""

from __future__ import annotations

from typing import Any

import pytest

from tests.api.server import ApiServer, KubectlError

SECRET = {"secretRef": {"name": "keys"}}
PEM = "-----BEGIN CERTIFICATE-----\nx\n-----END CERTIFICATE-----\n"


def refusal(api: ApiServer, manifest: dict[str, Any]) -> str:
    """What kubectl says, in one line."""
    with pytest.raises(KubectlError) as refused:
        api.apply(manifest, "--dry-run=server")
    return " ".join(str(refused.value).split())
