"""With which keys the storage of a resource is asked."""

from __future__ import annotations

from dataclasses import replace

import given
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.s3.connection.reader import Access
from dandelion_operator.ports.s3.credentials import Credentials

KEY = NamespacedName("default", "lawn")


def access(endpoint: str) -> Access:
    place = replace(given.place(), endpoint=endpoint, training_secret="mine")
    return Access(place, Credentials("key", "secret"))
