"""An account's own wording of the texts in its name; each language starts from what the organisation set."""

from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.alerts import ALERTS
from app.connect.models import Account
from app.connect.queries.accounts import account_texts, forget_account_text, keep_account_text
from app.core.errors import Invalid, NotFound
from app.deps import Deps
from app.message_templates.lint import lint
from app.message_templates.render import LONGEST_TEMPLATE
from app.messages.compose import template_for
from app.shops.models import Shop
from app.shops.queries import write_audit

LOCALES: Final = ("en", "es", "fr")


async def describe_own_texts(session: AsyncSession, shop: Shop, account: Account) -> list[dict[str, Any]]:
    return [await describe_own_text(session, shop, account, kind) for kind in ALERTS]


async def describe_own_text(session: AsyncSession, shop: Shop, account: Account, kind: str) -> dict[str, Any]:
    """By language, the organisation's words (`shared`) and what is sent (`texts`). Raises `NotFound`."""
    known = ALERTS.get(kind)
    if known is None:
        raise NotFound("There is no such kind of text.")
    own = await account_texts(session, account.id, kind)
    shared = {locale: (await template_for(session, shop.id, kind, locale))[0] for locale in LOCALES}
    return {
        "kind": kind,
        "label": known.label.removeprefix("Connect: ").capitalize(),
        "shared": shared,
        "texts": shared | own,
        "own": sorted(own),
    }


async def save_own_text(
    deps: Deps,
    session: AsyncSession,
    shop: Shop,
    account: Account,
    kind: str,
    locale: str,
    text: str,
    *,
    actor: str | None = None,
) -> None:
    """The organisation's words again when *text* is empty or equal to them. Raises `NotFound`, `Invalid`.

    *actor*: who writes in the account's place; None is the account itself.
    """
    described = await describe_own_text(session, shop, account, kind)
    if locale not in LOCALES:
        raise Invalid({"template": "Give the language as a code such as en, es or fr."})
    words = text.strip()
    if not words or words == described["shared"][locale]:
        await forget_account_text(session, account.id, kind, locale)
    else:
        _check(words, kind, locale, shop)
        await keep_account_text(session, account.id, kind, locale, words, deps.clock())
    detail: dict[str, object] = {"account_id": account.id, "kind": kind, "locale": locale}
    writer = actor or f"account:{account.id}"
    await write_audit(session, shop.domain, at=deps.clock(), actor=writer, action="account_text_saved", detail=detail)


def _check(words: str, kind: str, locale: str, shop: Shop) -> None:
    if len(words) > LONGEST_TEMPLATE:
        raise Invalid({"template": f"A template may have at most {LONGEST_TEMPLATE} characters."})
    findings = lint(words, kind, locale, brand=shop.name or None)
    errors = [finding.sentence for finding in findings if finding.level == "error"]
    if errors:
        raise Invalid({"template": "\n".join(errors)})
