"""What was seen of the S3 keys beside a resource, and what STS gave in their place."""

from __future__ import annotations

from dataclasses import dataclass, field

from dandelion_operator.api import moments
from dandelion_operator.api.reasons import Failure, Reason


@dataclass(frozen=True)
class TemporaryKey:
    """A key that ends by itself. `asked` is the digest of what was asked for, with whose key."""

    access_key: str = field(repr=False)
    secret_key: str = field(repr=False)
    session_token: str = field(repr=False)
    issued: str
    expires: str
    asked: str


@dataclass(frozen=True)
class NoSts:
    """The endpoint is there and gives no such keys; why, in words."""

    message: str


@dataclass(frozen=True)
class KeySeen:
    """The Secret of one purpose.

    `shared`: it holds exactly the installation's key. `asked` is the digest of what the temporary
    key in it was asked for, "" where it holds none; `intact`: it is the one that was written.
    `former`: pods that are there, or come from a template that is, take no session token, since a
    former release made them.
    """

    shared: bool = False
    asked: str = ""
    intact: bool = False
    issued: str = ""
    expires: str = ""
    former: bool = False

    @property
    def temporary(self) -> bool:
        return bool(self.asked)

    @property
    def held_shared(self) -> bool:
        """Whether the shared key has to stay, since pods that there are can use no other.

        Never brought back for them: somebody could make such a pod to be given it.
        """
        return self.shared and self.former

    def is_usable(self, now: str) -> bool:
        expires, moment = moments.moment(self.expires), moments.moment(now)
        return self.temporary and self.intact and bool(expires and moment and moment < expires)

    def is_due(self, asked: str, now: str) -> bool:
        """Half of a key's life is there to get the next one in."""
        issued, expires = moments.moment(self.issued), moments.moment(self.expires)
        moment = moments.moment(now)
        if self.asked != asked or not self.intact:
            return True
        if issued is None or expires is None or moment is None:
            return True
        return moment >= issued + (expires - issued) / 2


@dataclass(frozen=True)
class KeyLook:
    """`given`: what STS said; None where it was not asked, since no other key is due.

    `insists`: the installation wants no other keys, even if serving pods are replaced for it.
    """

    seen: KeySeen = field(default_factory=KeySeen)
    given: TemporaryKey | NoSts | Failure | None = None
    insists: bool = False

    @property
    def is_shared(self) -> bool:
        """Whether the installation's key itself is to lie there, as the endpoint has no other.

        Not where it has had one: that would hand out more than was, to whoever makes STS fail.
        """
        return isinstance(self.given, NoSts) and not self.insists and not self.seen.temporary

    @property
    def trouble(self) -> Failure | None:
        """Why there is no new key, where one is due."""
        if isinstance(self.given, Failure):
            return self.given
        if isinstance(self.given, NoSts) and not self.is_shared:
            return Failure(
                Reason.CREDENTIALS_REJECTED,
                f"there is no key for a while: {self.given.message}; where the endpoint has no "
                "STS, set s3.sts.enabled to false, and the shared key is copied",
            )
        return None

    def obstacle(self, now: str) -> Failure | None:
        """The same, where there is no other key to go on with."""
        return None if self.seen.shared or self.seen.is_usable(now) else self.trouble
