"""E-mail to connected accounts, when the operator has configured a server: notices, in the organisation's name."""

from email.utils import formataddr
from urllib.parse import urlsplit

from app.core import mail
from app.core.mail import MailNotSent
from app.deps import Deps

__all__ = ["MailNotSent", "can_mail", "send_mail"]


def can_mail(deps: Deps) -> bool:
    return deps.settings.smtp_url is not None


async def send_mail(deps: Deps, *, to: str, subject: str, text: str, sender_name: str) -> None:
    """Raises `MailNotSent`. Callers have asked `can_mail`."""
    if deps.settings.smtp_url is None:
        raise MailNotSent("no mail server is configured")
    url = deps.settings.smtp_url.get_secret_value()
    address = deps.settings.mail_from or f"no-reply@{urlsplit(url).hostname or 'localhost'}"
    sender = formataddr((_line(sender_name), address))
    await mail.send_mail(url, sender=sender, to=_line(to), subject=_line(subject), text=text)


def _line(text: str) -> str:
    """One line, so that nothing typed can add a header."""
    return " ".join(text.split())
