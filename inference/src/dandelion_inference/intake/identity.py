"""What a request says of itself: its id, and the trace that it belongs to.

Both come from whoever sends it and go into headers, log lines and calls to others, so what is taken
is bounded in length and characters; anything else counts as not sent. Pure. Called by
`front/edge.py` for every request.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex

REQUEST_ID = b"x-request-id"
TRACEPARENT = b"traceparent"
TRACESTATE = b"tracestate"

# Of one that is made here.
REQUEST_ID_BYTES = 16

# UUIDs, ULIDs, base64 and what proxies make of several of them; nothing that a log, a header or a
# shell would read as anything else.
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._~+/=:@-]{1,128}", re.ASCII)

# W3C Trace Context, section 3.2: version, trace id, parent id, flags. A later version may say more
# after another dash.
TRACE = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
INVALID_VERSION = "ff"
FIRST_VERSION = "00"
# Sampled, and that the id is random (level 2). What others say is not known in this version.
KNOWN_FLAGS = 0x03

# Section 3.3: a list of at most 32 members, of which at least 512 characters are to be passed on.
MAX_STATE_MEMBERS = 32
MAX_STATE_CHARACTERS = 512
LONG_STATE_MEMBER = 128  # such are left out first
STATE_KEY = r"(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
STATE_VALUE = r"[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
STATE_MEMBER = re.compile(f"{STATE_KEY}={STATE_VALUE}", re.ASCII)

# OpenMetrics, section "Exemplars": of all labels, their names included.
MAX_EXEMPLAR_CHARACTERS = 128


@dataclass(frozen=True, slots=True)
class Trace:
    """The context of a trace, as its caller sent it."""

    trace_id: str
    parent_id: str
    """The caller's span."""
    flags: int
    state: str = ""
    """Of tracing systems on the way, to be passed on as it is; empty where there is none."""

    @property
    def headers(self) -> dict[str, str]:
        """For calls on the request's behalf.

        The span is still the caller's: this service exports none, and the children of one that
        nobody has seen would hang in the air (OpenTelemetry, "Behavior of the API in the absence of
        an installed SDK").
        """
        parent = f"{FIRST_VERSION}-{self.trace_id}-{self.parent_id}-{self.flags:02x}"
        return {"traceparent": parent} | ({"tracestate": self.state} if self.state else {})


@dataclass(frozen=True, slots=True)
class Identity:
    request_id: str
    trace: Trace | None


def identity(
    headers: Iterable[tuple[bytes, bytes]], new_id: Callable[[int], str] = token_hex
) -> Identity:
    """Of a request with these headers, the names in lower case. `new_id` makes an id of so many
    bytes for one that has none, several, or none that can be taken."""
    ids: list[bytes] = []
    parents: list[bytes] = []
    states: list[bytes] = []
    for name, value in headers:
        if name == REQUEST_ID:
            ids.append(value)
        elif name == TRACEPARENT:
            parents.append(value)
        elif name == TRACESTATE:
            states.append(value)
    return Identity(
        _request_id(ids) or new_id(REQUEST_ID_BYTES), _trace(parents, states) if parents else None
    )


def _request_id(values: Sequence[bytes]) -> str | None:
    if len(values) != 1:
        return None
    value = values[0].decode("latin-1")
    return value if SANE_REQUEST_ID.fullmatch(value) else None


def _trace(parents: Sequence[bytes], states: Sequence[bytes]) -> Trace | None:
    if len(parents) != 1:
        return None
    match = TRACE.fullmatch(parents[0].decode("latin-1").strip(" \t"))
    if match is None:
        return None
    version, trace_id, parent_id, flags, more = match.groups()
    if version == INVALID_VERSION or (version == FIRST_VERSION and more is not None):
        return None
    if not trace_id.strip("0") or not parent_id.strip("0"):
        return None
    return Trace(trace_id, parent_id, int(flags, 16) & KNOWN_FLAGS, _state(states))


def _state(values: Sequence[bytes]) -> str:
    """All of it, or nothing where a part cannot be read; without some members where it is long."""
    members = [
        member.strip(" \t")
        for value in values
        for member in value.decode("latin-1").split(",", MAX_STATE_MEMBERS * 4)
    ]
    members = [member for member in members if member]
    if len(members) > MAX_STATE_MEMBERS:
        return ""
    if not all(STATE_MEMBER.fullmatch(member) for member in members):
        return ""
    keys = [member.partition("=")[0] for member in members]
    if len(set(keys)) < len(keys):
        return ""
    while len(state := ",".join(members)) > MAX_STATE_CHARACTERS:
        long = [member for member in members if len(member) > LONG_STATE_MEMBER]
        members.remove(long[-1] if long else members[-1])
    return state


def exemplar(identity: Identity) -> Mapping[str, str]:
    """Labels that lead from a measurement to its request; without an id that is too long."""
    labels = {} if identity.trace is None else {"trace_id": identity.trace.trace_id}
    used = sum(len(name) + len(value) for name, value in labels.items())
    if used + len("request_id") + len(identity.request_id) <= MAX_EXEMPLAR_CHARACTERS:
        labels["request_id"] = identity.request_id
    return labels
