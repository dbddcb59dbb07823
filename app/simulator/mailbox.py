"""A mail server that delivers nothing: it keeps the last mails that the app has sent, for the demo panel to show.

It speaks as much of SMTP as a client needs to hand over a mail (RFC 5321: HELO or EHLO, MAIL, RCPT, DATA, RSET, NOOP,
QUIT), to this machine only, without TLS or passwords.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy

from app.core.clock import Clock, system_clock

MOST_KEPT = 50
LARGEST_BYTES = 256 * 1024
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Mail:
    id: int
    at: str
    sender: str
    to: tuple[str, ...]
    subject: str
    text: str


@dataclass
class Mailbox:
    clock: Clock = system_clock
    mails: deque[Mail] = field(default_factory=lambda: deque(maxlen=MOST_KEPT))
    port: int = 0
    _count: int = 0

    @asynccontextmanager
    async def open(self, port: int = 0) -> AsyncIterator["Mailbox"]:
        """Listening on 127.0.0.1; port 0 takes one that is free. Raises `OSError` when it is taken."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", port, limit=LARGEST_BYTES)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}"

    def to(self, address: str) -> list[Mail]:
        """Oldest first."""
        return [mail for mail in self.mails if address in mail.to]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._talk(reader, writer)
        except (TimeoutError, OSError, ValueError, asyncio.IncompleteReadError):
            pass  # whoever hangs up in the middle of a mail has sent none
        finally:
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def say(line: str) -> None:
            writer.write(f"{line}\r\n".encode())
            await writer.drain()

        await say("220 mailbox.localhost")
        recipients: list[str] = []
        while line := (await reader.readline()).decode("ascii", "replace").strip():
            verb = line.partition(" ")[0].upper()
            match verb:
                case "HELO" | "EHLO" | "NOOP" | "MAIL":
                    await say("250 OK")
                case "RSET":
                    recipients.clear()
                    await say("250 OK")
                case "RCPT":
                    recipients.append(line.partition("<")[2].partition(">")[0])
                    await say("250 OK")
                case "DATA":
                    await say("354 Go on")
                    self._keep(await reader.readuntil(b"\r\n.\r\n"), tuple(recipients))
                    recipients.clear()
                    await say("250 OK")
                case "QUIT":
                    await say("221 Bye")
                    return
                case _:
                    await say("502 Not here")

    def _keep(self, raw: bytes, recipients: tuple[str, ...]) -> None:
        # A line that began with a dot was sent with two.
        mail = message_from_bytes(raw[:-5].replace(b"\r\n..", b"\r\n."), policy=policy.default)
        body = mail.get_body(("plain",))
        self._count += 1
        self.mails.append(
            Mail(
                id=self._count,
                at=self.clock().isoformat(),
                sender=str(mail["From"] or ""),
                to=recipients,
                subject=str(mail["Subject"] or ""),
                text=body.get_content().strip() if body is not None else "",
            )
        )
