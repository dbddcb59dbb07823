"""Calls to addresses that somebody typed in reach the internet only, whatever their names resolve to a moment later."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpcore2
import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from app.core.http import Http
from app.core.outside import LeadsInside, OutsideWires, is_outside

NAME = "hooks.example.com"


class Names:
    """A name server that changes its mind: each question gets the next answer, the last one for ever."""

    def __init__(self, *answers: list[str]) -> None:
        self.asked = 0
        self._answers = answers

    async def __call__(self, host: str, port: int) -> list[str]:
        assert host == NAME
        self.asked += 1
        return self._answers[min(self.asked, len(self._answers)) - 1]


class Server:
    """Answers every request and keeps its head."""

    def __init__(self) -> None:
        self.heads: list[str] = []
        self.port = 0

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            self.heads.append(head.decode().lower())
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        writer.close()


@asynccontextmanager
async def listening(context: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server()
    async with await asyncio.start_server(server.answer, "127.0.0.1", 0, ssl=context) as listener:
        server.port = listener.sockets[0].getsockname()[1]
        yield server


async def test_the_address_that_was_looked_at_is_the_one_that_is_called() -> None:
    """A second look at the name would find a private address; there is none."""
    looked_at: list[str] = []

    def is_allowed(address: str) -> bool:
        looked_at.append(address)
        return address == "127.0.0.1"  # stands for an address outside

    names = Names(["127.0.0.1"], ["10.0.0.8"])
    async with listening() as server, Http(shards=1, wires=OutsideWires(names, is_allowed)) as http:
        url = f"http://{NAME}:{server.port}/hook"
        for _ in range(2):
            assert (await http.request("GET", url)).text == "ok"
        assert (names.asked, looked_at) == (1, ["127.0.0.1"])
        assert all(f"host: {NAME}:{server.port}" in head for head in server.heads)
    async with listening() as server, Http(shards=1, wires=OutsideWires(names, is_allowed)) as http:
        with pytest.raises(LeadsInside):
            await http.request("GET", f"http://{NAME}:{server.port}/hook")
        assert server.heads == []


@pytest.mark.parametrize(
    "answer", [["127.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["::1"], ["fe80::1%eth0"], ["::ffff:127.0.0.1"]]
)
async def test_a_name_with_one_private_address_is_not_called(answer: list[str]) -> None:
    async with listening() as server, Http(shards=1, wires=OutsideWires(Names(answer))) as http:
        with pytest.raises(LeadsInside):
            await http.request("POST", f"http://{NAME}:{server.port}/")
    assert server.heads == []


async def test_the_certificate_must_be_the_names(tmp_path: Path) -> None:
    """Although the connection goes to a number."""
    served, theirs = certificate(tmp_path, NAME), certificate(tmp_path, "other.example.com")
    asked_for: list[str | None] = []
    for (context, trust), is_right in ((served, True), (theirs, False)):
        context.sni_callback = lambda _, name, __: asked_for.append(name)
        wires = OutsideWires(Names(["127.0.0.1"]), lambda _: True)
        async with (
            listening(context) as server,
            httpcore2.AsyncConnectionPool(ssl_context=trust, network_backend=wires) as pool,
        ):
            url = f"https://{NAME}:{server.port}/"
            if is_right:
                assert (await pool.request("GET", url)).status == 200
            else:
                with pytest.raises(httpcore2.ConnectError, match="certificate"):
                    await pool.request("GET", url)
    assert asked_for == [NAME, NAME]


async def test_a_name_that_is_not_found_or_not_answered_is_no_connection() -> None:
    async def unknown(host: str, port: int) -> list[str]:
        raise OSError

    async def silent(host: str, port: int) -> list[str]:
        await asyncio.sleep(60)
        return []

    for resolve, failure, patience in ((unknown, httpx2.ConnectError, 30), (silent, httpx2.ConnectTimeout, 0.05)):
        async with Http(shards=1, wires=OutsideWires(resolve)) as http:
            with pytest.raises(failure):
                await http.request("GET", f"http://{NAME}/", timeout=patience)


@pytest.mark.parametrize(
    ("address", "outside"),
    [
        ("93.184.215.14", True),
        ("2606:2800:21f:cb07:6820:80da:af6b:8b2c", True),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("fd00::1", False),
        ("fe80::1%eth0", False),
        ("ff02::1", False),
        ("::ffff:10.0.0.1", False),
        ("64:ff9b::a00:1", False),
        ("64:ff9b::5db8:d70e", True),
        ("2002:7f00:1::", False),
        ("hooks.example.com", False),
    ],
)
def test_what_lies_outside(address: str, *, outside: bool) -> None:
    assert is_outside(address) is outside


def certificate(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """(of a server that shows it, of a client that trusts it)."""
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    made = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / f"{name}.pem"
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM) + secret)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(file)
    return server, ssl.create_default_context(cafile=str(file))
