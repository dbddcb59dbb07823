"""An account's own wording of the texts in its name; each language starts from what the organisation set."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.alerts import ALERTS, PAID, affiliate_values
from app.connect.models import Account
from app.connect.queries.accounts import account_text_rows, forget_account_text, keep_account_text
from app.core.errors import Invalid, NotFound, Overtaken
from app.deps import Deps
from app.message_templates.lint import lint
from app.message_templates.queries import stored_texts
from app.message_templates.render import LONGEST_TEMPLATE
from app.message_templates.variables import Values, sample_values
from app.messages.compose import shop_values, template_for
from app.shops.models import Shop
from app.shops.queries import find_sender, write_audit

LOCALES: Final = ("en", "es", "fr")
"""Of which there are default texts; others where the organisation has worded a text in them."""


async def describe_own_texts(session: AsyncSession, shop: Shop, account: Account) -> list[dict[str, Any]]:
    return [await describe_own_text(session, shop, account, kind) for kind in ALERTS]


async def describe_own_text(session: AsyncSession, shop: Shop, account: Account, kind: str) -> dict[str, Any]:
    """By language, English first: the organisation's words (`shared`) and what is sent (`texts`). Raises `NotFound`.

    *versions*: of the account's own words, to tell whether somebody has changed them meanwhile; 0 where there are none.
    """
    known = ALERTS.get(kind)
    if known is None:
        raise NotFound("There is no such kind of text.")
    rows = await account_text_rows(session, account.id, kind)
    locales = sorted({*LOCALES, *await stored_texts(session, shop.id, kind)}, key=lambda each: (each != "en", each))
    shared = {locale: (await template_for(session, shop.id, kind, locale))[0] for locale in locales}
    own = {row.locale: row.text for row in rows if row.locale in shared}
    return {
        "kind": kind,
        "label": known.label.removeprefix("Connect: ").capitalize(),
        "shared": shared,
        "texts": shared | own,
        "own": sorted(own),
        "versions": dict.fromkeys(locales, 0) | {row.locale: _version(row.updated_at) for row in rows},
    }


async def save_own_texts(
    deps: Deps, session: AsyncSession, shop: Shop, account: Account, kind: str, form: dict[str, Any], *, actor: str
) -> dict[str, Any]:
    """Several languages at once, `templates` by language; answers how they are now. Nothing is kept if one is wrong.

    With `versions`, a language that somebody else has saved since is `Overtaken`. Raises `NotFound`, `Invalid` too.
    """
    texts, seen = form.get("templates"), form.get("versions", {})
    if not isinstance(texts, dict) or not isinstance(seen, dict):
        raise Invalid({"templates": 'Give the texts by language, for example {"en": "…"}.'})
    described = await describe_own_text(session, shop, account, kind)
    _refuse_what_is_outdated(described, texts, seen)
    errors = {}
    for locale, text in texts.items():
        try:
            if not isinstance(text, str):
                raise Invalid({"template": "The text must be text."})
            await save_own_text(deps, session, shop, account, kind, locale, text, actor=actor)
        except Invalid as wrong:
            errors[f"templates.{locale[:12]}"] = wrong.errors["template"]
    if errors:
        raise Invalid(errors)
    return await describe_own_text(session, shop, account, kind)


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
    if locale not in described["shared"]:
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


async def values_of_account(deps: Deps, session: AsyncSession, shop: Shop, account: Account) -> Values:
    """By group what is the same in every text in its name. Without a number the preview shows the sample's."""
    sender = await find_sender(session, shop.id, account_id=account.id)
    number = sender.phone_number if sender is not None else None
    sample = str(sample_values(PAID)["affiliate"]["phone"])
    name = deps.vault.decrypt(account.name_encrypted)
    return {"affiliate": affiliate_values(name, number or sample), "shop": shop_values(shop, sender)}


def _refuse_what_is_outdated(described: dict[str, Any], texts: dict[str, Any], seen: dict[str, Any]) -> None:
    """*seen*: the versions that the editor began with; a language that it does not name is not compared."""
    latest = {locale: version for locale, version in described["versions"].items() if locale in texts}
    changed = [locale for locale, version in latest.items() if seen.get(locale, version) != version]
    if changed:
        raise Overtaken(
            "Somebody else has changed this meanwhile. Your change is not saved yet.",
            {f"templates.{locale}": described["texts"][locale] for locale in changed if locale in described["texts"]},
            versions={locale: latest[locale] for locale in changed},
        )


def _version(moment: datetime) -> int:
    """In microseconds, which is exact in JSON and in a browser."""
    return int(moment.timestamp() * 1_000_000)


def _check(words: str, kind: str, locale: str, shop: Shop) -> None:
    if len(words) > LONGEST_TEMPLATE:
        raise Invalid({"template": f"A template may have at most {LONGEST_TEMPLATE} characters."})
    findings = lint(words, kind, locale, brand=shop.name or None)
    errors = [finding.sentence for finding in findings if finding.level == "error"]
    if errors:
        raise Invalid({"template": "\n".join(errors)})
