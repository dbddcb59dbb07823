"""Connections to addresses that somebody typed in: only to what lies outside, and to the address that was looked at.

A name is resolved once for each connection, every answer is checked, and the connection goes to one of them by its
number. Whoever answers the name otherwise a moment later gains nothing. The pool above still knows the connection by
its name: that is what stands in `Host`, what TLS asks for and what the certificate is compared with.
"""
# ruff: noqa: ASYNC109  # the time-outs are part of httpcore's interface

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Final

import httpcore2
import httpx2

from app.core.wire import Wires

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""Name and port to addresses. Raises OSError."""
WRAPPED: Final = (
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),
    (ipaddress.IPv6Network("2002::/16"), 80),
)
"""IPv6 that leads to an IPv4 address inside it, and how many bits stand behind that."""


class LeadsInside(httpx2.ConnectError):
    """The name belongs to an address that only this machine or its network can reach."""


class OutsideWires(Wires):
    def __init__(self, resolve: Resolve | None = None, is_allowed: Callable[[str], bool] | None = None) -> None:
        self._resolve = resolve or _ask_system
        self._is_allowed = is_allowed or is_outside

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        addresses = await self._addresses(host, port, timeout)
        if not all(self._is_allowed(each) for each in addresses):
            raise LeadsInside("the address leads into a private network")
        failure: Exception = httpcore2.ConnectError("no address")
        for address in addresses:
            try:
                return await super().connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as error:
                failure = error
        raise failure

    async def _addresses(self, host: str, port: int, timeout: float | None) -> list[str]:
        try:
            async with asyncio.timeout(timeout):
                return await self._resolve(host, port)
        except TimeoutError:
            raise httpcore2.ConnectTimeout("the name was not resolved in time") from None
        except (OSError, UnicodeError):
            raise httpcore2.ConnectError("there is no such host") from None


def is_outside(address: str) -> bool:
    """Whether the whole internet can reach this address."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return is_outside(str(found.ipv4_mapped))
        for network, behind in WRAPPED:
            if found in network:
                return is_outside(str(ipaddress.IPv4Address(int(found) >> behind & 0xFFFFFFFF)))
    return found.is_global and not found.is_multicast


async def _ask_system(host: str, port: int) -> list[str]:
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(each[4][0]) for each in found))
