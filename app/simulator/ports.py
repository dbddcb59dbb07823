"""The trial's three ports: taken before anything else is started, so that a clash is told in one sentence.

The admin frame answers on `localhost` and the app on `127.0.0.1`: to a browser those are two sites, as Shopify's and
the app's are, so cookies and frames behave as they will in the real Admin.
"""

import socket
from dataclasses import dataclass
from typing import Self


class PortTaken(Exception):
    """Another program answers on a port that the trial needs."""


@dataclass(frozen=True)
class Ports:
    app: int
    shopify: int
    ringcentral: int

    @classmethod
    def following(cls, first: int) -> Self:
        return cls(first, first + 1, first + 2)

    @classmethod
    def free(cls) -> Self:
        """Three that nobody uses at this moment."""
        probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
        try:
            return cls(*(probe.getsockname()[1] for probe in probes))
        finally:
            for probe in probes:
                probe.close()

    @property
    def app_url(self) -> str:
        return f"http://127.0.0.1:{self.app}"

    @property
    def shopify_url(self) -> str:
        return f"http://localhost:{self.shopify}"

    @property
    def ringcentral_url(self) -> str:
        return f"http://127.0.0.1:{self.ringcentral}"


def listen(port: int) -> list[socket.socket]:
    """Sockets on both loopback addresses, so that nobody else can be `localhost` on this port."""
    try:
        sockets = [socket.create_server(("127.0.0.1", port))]
    except OSError as error:
        raise _taken(port, error) from None
    try:
        sockets.append(socket.create_server(("::1", port), family=socket.AF_INET6))
    except OSError as error:
        if _answers(port, "::1"):
            sockets[0].close()
            raise _taken(port, error) from None
    return sockets  # where a machine has no IPv6, one will do


def check_free(port: int) -> None:
    """Raises `PortTaken` unless a child can listen there."""
    for taken in listen(port):
        taken.close()


def _answers(port: int, host: str) -> bool:
    try:
        socket.create_connection((host, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def _taken(port: int, error: OSError) -> PortTaken:
    return PortTaken(
        f"Port {port} cannot be used ({error.strerror}): end the program that uses it, or choose three other ports "
        'in a row by their first one, for example `make trial ARGS="--port 9000"`.'
    )
