"""Sends one plain e-mail through the operator's SMTP server, in a thread and within a deadline.

The address `smtp://user:password@host:587` uses STARTTLS where the server offers it, and always before a password is
sent; `smtps://` is TLS from the first byte. Errors are named without the address, because it holds a password.
"""

import asyncio
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import SplitResult, unquote, urlsplit

TIMEOUT = 15.0


class MailNotSent(Exception):
    """The server could not be reached or refused the mail; it may be tried again."""


async def send_mail(url: str, *, sender: str, to: str, subject: str, text: str) -> None:
    """Raises `MailNotSent`."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, to, " ".join(subject.split())
    mail["Date"], mail["Message-ID"] = formatdate(), make_msgid(domain=sender.rpartition("@")[2] or "localhost")
    # So that out-of-office programs do not answer.
    mail["Auto-Submitted"] = "auto-generated"
    # Letters beyond ASCII arrive whole also where a server on the way knows seven bits only.
    mail.set_content(text, cte="quoted-printable")
    try:
        await asyncio.to_thread(_deliver, urlsplit(url), mail)
    except (OSError, smtplib.SMTPException) as error:
        raise MailNotSent(type(error).__name__) from None


def _deliver(server: SplitResult, mail: EmailMessage) -> None:
    host, context = server.hostname or "localhost", ssl.create_default_context()
    if server.scheme == "smtps":
        connection: smtplib.SMTP = smtplib.SMTP_SSL(host, server.port or 465, timeout=TIMEOUT, context=context)
    else:
        connection = smtplib.SMTP(host, server.port or 587, timeout=TIMEOUT)
    with connection:
        if server.scheme != "smtps" and (server.password or _offers_tls(connection)):
            connection.starttls(context=context)
        if server.username:
            connection.login(unquote(server.username), unquote(server.password or ""))
        connection.send_message(mail)


def _offers_tls(connection: smtplib.SMTP) -> bool:
    connection.ehlo_or_helo_if_needed()
    return connection.has_extn("starttls")
