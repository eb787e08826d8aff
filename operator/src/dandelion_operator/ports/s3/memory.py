"""What was read before and need not be read again: the newest, up to a weight."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

Value = TypeVar("Value")
Key = tuple[str, ...]


def one(_: object) -> int:
    return 1


class Memory(Generic[Value]):
    def __init__(self, most: int, weight: Callable[[Value], int] = one) -> None:
        """All that is kept together weighs `most` at the most: so many values, unless weighed."""
        self._most = most
        self._weight = weight
        self._total = 0
        self._values: OrderedDict[Key, Value] = OrderedDict()

    def get(self, key: Key) -> Value | None:
        return self._values.get(key)

    def put(self, key: Key, value: Value) -> None:
        if key in self._values:
            self._total -= self._weight(self._values.pop(key))
        self._values[key] = value
        self._total += self._weight(value)
        while self._total > self._most:
            _, oldest = self._values.popitem(last=False)
            self._total -= self._weight(oldest)
