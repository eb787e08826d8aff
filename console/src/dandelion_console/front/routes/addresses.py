"""Names in addresses: only what Kubernetes takes as one reaches a request to the API server."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import Path

LABEL = r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?"
NAMESPACE = re.compile(LABEL)

Namespace = Annotated[str, Path(pattern=f"^{LABEL}$")]
Name = Annotated[str, Path(pattern=rf"^{LABEL}(?:\.{LABEL})*$", max_length=253)]

MODEL = "/namespaces/{namespace}/models/{name}"
