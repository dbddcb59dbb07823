"""E-mail by SMTP, when the operator has configured it: sign-in links and notifications to connected accounts.

`SMTP_URL` is smtp:// (upgraded by STARTTLS where the server offers it; a password is never sent without) or smtps://.
Messages are plain text. The library is Python's own and blocking, so each goes through a thread, with a deadline.
"""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from app.core.log import get_logger
from app.deps import Deps

log = get_logger(__name__)

DEADLINE = 20.0


class MailNotSent(Exception):
    """The server refused or did not answer."""


def can_mail(deps: Deps) -> bool:
    return deps.settings.smtp_url is not None


async def send_mail(deps: Deps, *, to: str, subject: str, text: str, sender_name: str) -> None:
    """Raises `MailNotSent`. Callers have asked `can_mail`."""
    if deps.settings.smtp_url is None:
        raise MailNotSent("no mail server is configured")
    url = urlsplit(deps.settings.smtp_url.get_secret_value())
    address = deps.settings.smtp_from or f"no-reply@{url.hostname or 'localhost'}"
    message = EmailMessage()
    message["From"] = f'"{_header(sender_name)}" <{address}>'
    message["To"] = _header(to)
    message["Subject"] = _header(subject)
    message.set_content(text)
    try:
        await asyncio.to_thread(
            _deliver,
            url.scheme,
            url.hostname or "localhost",
            url.port,
            unquote(url.username or ""),
            unquote(url.password or ""),
            message,
        )
    except (OSError, smtplib.SMTPException, ValueError) as error:
        log.warning("mail.not_sent", error=type(error).__name__)
        raise MailNotSent(type(error).__name__) from None


def _deliver(scheme: str, host: str, port: int | None, user: str, password: str, message: EmailMessage) -> None:
    context = ssl.create_default_context()
    server: smtplib.SMTP
    if scheme == "smtps":
        server = smtplib.SMTP_SSL(host, port or 465, timeout=DEADLINE, context=context)
    else:
        server = smtplib.SMTP(host, port or 587, timeout=DEADLINE)
    with server:
        server.ehlo()
        encrypted = scheme == "smtps"
        if not encrypted and server.has_extn("starttls"):
            server.starttls(context=context)
            server.ehlo()
            encrypted = True
        if user and not encrypted:
            raise smtplib.SMTPException("the server offers no encryption for the password")
        if user:
            server.login(user, password)
        server.send_message(message)


def _header(text: str) -> str:
    """One line without quotes, so that nothing typed can add a header."""
    return " ".join(text.replace('"', "'").split())
