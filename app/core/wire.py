"""Connections for the HTTP pools: each request leaves in one piece, and whether one has ended is known cheaply.

The pool writes a request's head and its body apart. To the kernel each write is a packet and a wake-up of whoever
reads, which costs more than putting the request together. So what is written is held until the answer is asked for.
"""
# ruff: noqa: ASYNC109  # the time-outs are part of httpcore's interface

import select
from collections.abc import Iterable
from contextlib import suppress
from ssl import SSLContext
from typing import Any, Final

import httpcore2

MOST_HELD: Final = 64 * 1024
"""Bytes. Larger requests leave in pieces of this size."""


class Wires(httpcore2.AnyIOBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        return Wire(await super().connect_tcp(host, port, timeout, local_address, socket_options))


class Wire(httpcore2.AsyncNetworkStream):
    def __init__(self, stream: httpcore2.AsyncNetworkStream) -> None:
        self._stream = stream
        self._held = bytearray()
        self._socket = stream.get_extra_info("socket")
        self._poll = select.poll()
        self._poll.register(self._socket.fileno(), select.POLLIN)

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._held += buffer
        if len(self._held) >= MOST_HELD:
            await self._flush(timeout)

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        # A server may answer and close before it has read everything; then its answer is what counts.
        with suppress(httpcore2.WriteError):
            await self._flush(timeout)
        return await self._stream.read(max_bytes, timeout)

    async def aclose(self) -> None:
        await self._stream.aclose()

    async def start_tls(
        self, ssl_context: SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.AsyncNetworkStream:
        return Wire(await self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._is_readable() if info == "is_readable" else self._stream.get_extra_info(info)

    async def _flush(self, timeout: float | None) -> None:
        if self._held:
            held, self._held = bytes(self._held), bytearray()
            await self._stream.write(held, timeout)

    def _is_readable(self) -> bool:
        """While nothing was asked for, something to read means that the other side has closed the connection. The pool
        asks this of all its connections at each request."""
        return self._socket.fileno() < 0 or bool(self._poll.poll(0))
