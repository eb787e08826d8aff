"""From a ConfigMap: the dataset's table of addresses in it."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from dandelion_operator.api.spec.dataset import ConfigMapRef
from dandelion_operator.ports.kube import managed_fields
from dandelion_operator.seen.training import MountedTable


def mounted_table(raw: Mapping[str, Any] | None, ref: ConfigMapRef) -> MountedTable:
    """As it is mounted into a training pod."""
    if raw is None:
        return MountedTable(unread=f"there is no ConfigMap {ref.name}")
    for field in ("data", "binaryData"):
        written = (raw.get(field) or {}).get(ref.key)
        if written is None:
            continue
        content = written.encode() if field == "data" else base64.b64decode(written)
        return MountedTable(content, managed_fields.last_written(raw, field, ref.key))
    return MountedTable(unread=f"the ConfigMap {ref.name} has no key {ref.key}")
