"""One file from the web: redirects, answers that ask to wait, and how often it is tried.

Each redirect is an address like the first: it is parsed, resolved and checked from the beginning.
`data/urls` calls `Downloader.fetch` from many threads.
"""

import email.utils
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from dandelion_training.ports.web.address import Address, AllowedHosts
from dandelion_training.ports.web.connection import Answer, Limits, Network, request
from dandelion_training.ports.web.errors import Fault, Passing
from dandelion_training.ports.web.hosts import Hosts

USER_AGENT = "Dandelion/0.1 (image dataset fetcher; python)"
LIMITS = Limits(bytes=32 * 1024**2, seconds=60.0)
MOST_REDIRECTS = 5
ATTEMPTS = 3
LONGEST_PAUSE = 60.0  # seconds; a host that asks for more is asked again in the next run
FIRST_PAUSE = 1.0  # seconds after an answer that names none, doubled with each attempt
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504})


@dataclass(frozen=True)
class Download:
    content: bytes
    etag: str
    last_modified: str


@dataclass(frozen=True)
class Downloader:
    allowed: AllowedHosts
    network: Network = field(default_factory=Network)
    limits: Limits = LIMITS
    clock: Callable[[], float] = time.time  # of the world, as Retry-After names times
    hosts: Hosts = field(default_factory=lambda: Hosts(time.monotonic, time.sleep))
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def fetch(self, address: Address) -> Download:
        """Raises Fault."""
        way = [address]
        while True:
            try:
                answer = self._patiently(way[-1])
                if answer.status not in REDIRECTS:
                    return _download(answer)
                way.append(_next(way, answer))
            except Fault as fault:
                if len(way) == 1:
                    raise
                detail = f"redirected to {way[-1].shown}"
                words = f"{fault.detail}; {detail}" if fault.detail else detail
                raise Fault(fault.reason, words) from fault

    def _patiently(self, address: Address) -> Answer:
        for attempt in range(ATTEMPTS):
            try:
                with self.hosts.turn(address.host):
                    answer = self._once(address)
            except Passing as fault:
                if fault.silent:
                    self.hosts.silent(address.host)
                pause = FIRST_PAUSE * 2**attempt if fault.pause is None else fault.pause
                if pause > LONGEST_PAUSE:
                    self.hosts.give_up(address.host, "its host asks to come back later")
                if attempt == ATTEMPTS - 1 or pause > LONGEST_PAUSE:
                    raise
                self.hosts.rest(address.host, pause)
                continue
            return answer
        raise AssertionError("the last attempt ends with an answer or a fault")

    def _once(self, address: Address) -> Answer:
        answer = request(address, self.allowed, self.limits, self.network, self.trust, USER_AGENT)
        self.hosts.answered(address.host)
        if answer.status in PASSING:
            pause = retry_after(answer.headers, self.clock())
            raise Passing(f"answered {answer.status}", pause=pause)
        return answer


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """The seconds that an answer asks to wait (RFC 9110, 10.2.3), None where it does not."""
    written = headers.get("retry-after", "").strip()
    if written.isascii() and written.isdecimal():
        return float(written[:9])
    try:
        return max(0.0, email.utils.parsedate_to_datetime(written).timestamp() - now)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None


def _next(way: list[Address], answer: Answer) -> Address:
    location = answer.headers.get("location", "")
    if not location:
        raise Fault("redirects without saying where to")
    if len(way) > MOST_REDIRECTS:
        raise Fault(f"redirects more than {MOST_REDIRECTS} times")
    return way[-1].redirected(location)


def _download(answer: Answer) -> Download:
    if answer.status != 200:
        raise Fault(f"answered {answer.status}")
    if not answer.body:
        raise Fault("is empty")
    headers = answer.headers
    return Download(answer.body, headers.get("etag", ""), headers.get("last-modified", ""))
