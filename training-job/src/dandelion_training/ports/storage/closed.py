"""An S3 endpoint that a ModelDeployment names, and where it may not lead.

The operator tells the networks. What the endpoint's name stands for is judged once more, at the
moment of connecting, and the connection goes to the address that was judged: a name that changes
after the operator has looked at it gains nothing. Used by `s3`.
"""

import socket
from collections.abc import Sequence
from ipaddress import ip_address

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.exceptions import NameResolutionError

from dandelion_training.ports.web.networks import Network, carried


class ClosedError(urllib3.exceptions.HTTPError):
    """The endpoint leads where nobody is let on somebody's word; the message says where that is."""


def refusal(address: str, closed: Sequence[Network]) -> str | None:
    """In which of the networks the address is; None: in none."""
    meant = carried(ip_address(address.partition("%")[0]))
    return next((str(network) for network in closed if meant in network), None)


class _JudgedConnection(HTTPConnection):
    closed: Sequence[Network] = ()

    def _new_conn(self) -> socket.socket:
        name = self._dns_host
        try:
            found = socket.getaddrinfo(name, self.port, type=socket.SOCK_STREAM)
        except (socket.gaierror, UnicodeError) as error:
            raise NameResolutionError(self.host, self, socket.gaierror(str(error))) from error
        addresses = list(dict.fromkeys(str(item[4][0]) for item in found))
        for address in addresses:
            network = refusal(address, self.closed)
            if network is not None:
                raise ClosedError(
                    f"{name} is {address}, and {network} is closed to an endpoint that a "
                    "ModelDeployment names; correct spec.storage.endpoint, or ask whoever "
                    "installed Dandelion to allow it in tenancy.endpoints"
                )
        try:
            for address in addresses[:-1]:
                self._dns_host = address
                try:
                    return super()._new_conn()
                except urllib3.exceptions.HTTPError:
                    continue
            self._dns_host = addresses[-1]
            return super()._new_conn()
        finally:
            self._dns_host = name  # TLS verifies the name


class _JudgedTLSConnection(_JudgedConnection, HTTPSConnection):
    pass


def pool_classes(networks: Sequence[Network]) -> dict[str, type[HTTPConnectionPool]]:
    """Of connections that look where they go; what a `urllib3.PoolManager` makes pools of."""

    class Connection(_JudgedConnection):
        closed = networks

    class TLSConnection(_JudgedTLSConnection):
        closed = networks

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class TLSPool(HTTPSConnectionPool):
        ConnectionCls = TLSConnection

    return {"http": Pool, "https": TLSPool}
