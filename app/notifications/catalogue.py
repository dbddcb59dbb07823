"""The notifications of a shop as its pages and API show them: switch, wording, preview, test."""

import secrets
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, Invalid, NotFound, Overtaken
from app.deps import Deps
from app.message_templates.defaults import DEFAULTS, default_text
from app.message_templates.difference import difference
from app.message_templates.lint import lint
from app.message_templates.queries import (
    add_version,
    all_stored_texts,
    forget_text,
    latest_versions,
    store_text,
    versions_of,
)
from app.message_templates.render import Template, TemplateError, compile_template
from app.message_templates.segments import count_segments, to_plain
from app.message_templates.variables import (
    DEAR_LETTER,
    Values,
    dear_values,
    editor_chips,
    longest_values,
    names_for,
    sample_values,
)
from app.messages.compose import order_values, recipient_of, shop_values, template_for
from app.messages.facts import read_order_facts
from app.messages.kinds import TEST, Kind, kinds
from app.messages.queries import (
    cancel_queued_of_kind,
    count_of_kind,
)
from app.messages.queue import queue_text
from app.messages.reasons import SWITCHED_OFF
from app.notifications.queries import switch, switches
from app.notifications.registration import request_registration
from app.shopify.client import ShopifyError
from app.shops.models import Sender, Shop
from app.shops.queries import find_sender, get_shop, get_shop_locked, write_audit
from app.shops.settings import save_settings
from app.shops.tokens import covers

LOCALES = ("en", "es", "fr")
LONGEST_LOCALE = 12


class PermissionNeeded(Conflict):
    """Shopify has not granted what this kind needs; *scope* is what the merchant has to be asked for."""

    def __init__(self, scope: str) -> None:
        super().__init__("Shopify has to allow the app to read fulfillments first. Switch it on again and agree.")
        self.scope = scope

    def body(self) -> dict[str, object]:
        return {**super().body(), "scope": self.scope}


async def list_notifications(session: AsyncSession, shop_id: int) -> list[dict[str, Any]]:
    return await _describe_all(session, shop_id, kinds.notifications())


async def describe_notification(session: AsyncSession, shop_id: int, kind: Kind) -> dict[str, Any]:
    """One kind, also one that is not in the list because its feature has pages of its own."""
    [described] = await _describe_all(session, shop_id, [kind])
    return described


async def _describe_all(session: AsyncSession, shop_id: int, chosen: Sequence[Kind]) -> list[dict[str, Any]]:
    switched, stored = await switches(session, shop_id), await all_stored_texts(session, shop_id)
    versions, granted = await latest_versions(session, shop_id), (await get_shop(session, shop_id)).scopes
    return [
        _describe(kind, switched, stored.get(kind.name, {}), versions.get(kind.name, {})) | _permission(kind, granted)
        for kind in chosen
    ]


def _permission(kind: Kind, granted: str) -> dict[str, Any]:
    """*scope*: what has to be asked for before it can be switched on; None when nothing is missing."""
    missing = kind.optional_scope is not None and not covers(granted, [kind.optional_scope])
    return {"scope": kind.optional_scope if missing else None}


async def save_notification(
    deps: Deps, session: AsyncSession, shop: Shop, kind_name: str, patch: object, *, actor: str
) -> dict[str, Any]:
    """Switch a kind and store its wording. A language set to null or "" goes back to the default text.

    With `versions`, a language that somebody else has saved since is refused instead of overwritten.
    Raises `NotFound`, `Overtaken`, `PermissionNeeded`, or `Invalid` with what is wrong with each text.
    """
    kind = get_kind(kind_name)
    if not isinstance(patch, dict):
        raise Invalid({"enabled": "Send a JSON object."})
    enabled, texts = patch.get("enabled"), patch.get("templates", {})
    errors = {}
    if enabled is not None and not isinstance(enabled, bool):
        errors["enabled"] = "This must be true or false."
    if not isinstance(texts, dict):
        errors["templates"] = 'Give the texts by language, for example {"en": "…"}.'
        texts = {}
    for locale, text in texts.items():
        fault = _fault_of(shop, kind, locale, text)
        if fault is not None:
            errors[f"templates.{str(locale)[:LONGEST_LOCALE]}"] = fault
    if errors:
        raise Invalid(errors)
    scope = _permission(kind, (await get_shop(session, shop.id)).scopes)["scope"] if enabled else None
    if scope is not None:
        raise PermissionNeeded(scope)
    await _refuse_what_is_outdated(session, shop.id, kind, patch.get("versions"), texts)
    await _store(deps, session, shop, kind, enabled, texts, actor)
    return await describe_notification(session, shop.id, kind)


async def preview_notification(
    deps: Deps, shop: Shop, kind_name: str, body: object, *, always: Values | None = None
) -> dict[str, Any]:
    """The text as a customer would get it, its size, and what the linter says. Raises `NotFound`, `Invalid`.

    *always*: by group what is the same in every such text, as a connected account's name is in the texts of its own.
    It may ask Shopify for an order, so the caller holds no transaction.
    """
    kind, form = get_kind(kind_name), _form(body)
    locale = _text(form, "locale", "en", longest=LONGEST_LOCALE)
    async with deps.db.reading() as session:
        template, language = await template_for(session, shop.id, kind.name, locale)
        sender = await find_sender(session, shop.id) or Sender(shop_id=shop.id, phone_number=None)
    template = _text(form, "template", template, longest=4000)
    order_id = _text(form, "order_id", "", longest=64)
    fixed = {"shop": shop_values(shop, sender), **(always or {})}
    values = {**sample_values(kind.name), **fixed}
    if "values" in form:
        values = _given_values(kind, form["values"], values)
    elif order_id:
        values = await _values_of_order(deps, shop, kind, sender, order_id, language) or values
    try:
        compiled = compile_template(template)
        text = to_plain(compiled.render({**values, **(always or {})}))
        worst, letter = _worst_case(compiled, kind, fixed)
    except TemplateError as error:
        raise Invalid({"template": error.sentence}) from None
    return {
        "text": text,
        "locale": language,
        "segments": _segments(text),
        "worst_case": _segments(worst),
        "dear_letter": letter,
        "findings": _findings(shop, kind, template, locale),
    }


def _worst_case(template: Template, kind: Kind, fixed: Values) -> tuple[str, str | None]:
    """The dearest text that is to be expected, and the letter of a name that makes it so; None where none does."""
    plain, dear = (
        to_plain(template.render({**values, **fixed})) for values in (longest_values(kind.name), dear_values(kind.name))
    )
    if count_segments(dear).segments > count_segments(plain).segments:
        return dear, DEAR_LETTER
    return plain, None


async def preview_languages(
    deps: Deps, shop: Shop, kind_name: str, texts: dict[str, str], *, always: Values | None = None
) -> dict[str, Any]:
    """`languages`: what a customer would get in each and in how many segments; a text that cannot be rendered is as
    written. `samples`: by variable what fills them in, for a page that shows the same while somebody types."""
    kind = get_kind(kind_name)
    async with deps.db.reading() as session:
        sender = await find_sender(session, shop.id)
    values = {**sample_values(kind.name), "shop": shop_values(shop, sender), **(always or {})}
    languages = {}
    for locale, template in texts.items():
        try:
            text = to_plain(compile_template(template).render(values))
        except TemplateError:
            text = template
        languages[locale] = {"text": text, "segments": count_segments(text).segments}
    return {"languages": languages, "samples": _by_variable(kind, values)}


HOUR = timedelta(hours=1)
MOST_TESTS_AN_HOUR = 20
"""Nobody agreed to these, so they are for looking at a text, not for reaching people."""
ENOUGH_TESTS = "Twenty test texts in an hour are the most. Wait a little, then send the next one."


async def queue_test(deps: Deps, shop: Shop, kind_name: str, body: object, *, actor: str) -> dict[str, Any]:
    """A sample text to the merchant's own phone, through the same outbox. Raises `NotFound`, `Invalid`, `Conflict`."""
    kind, form = get_kind(kind_name), _form(body)
    phone = recipient_of(form)
    preview = await preview_notification(deps, shop, kind.name, form)
    async with deps.db.transaction() as session:
        locked = await get_shop_locked(session, shop.id)
        sender = await find_sender(session, shop.id)
        if sender is None or sender.phone_number is None:
            raise Conflict("Connect RingCentral and choose a number first.")
        if await count_of_kind(session, shop.id, TEST.name, since=deps.clock() - HOUR) >= MOST_TESTS_AN_HOUR:
            raise Conflict(ENOUGH_TESTS)
        message_id = await queue_text(
            deps,
            session,
            shop.id,
            sender.id,
            TEST,
            subject=f"{kind.name}:{secrets.token_hex(8)}",
            phone=phone,
            text=preview["text"],
            locale=preview["locale"],
        )
        await write_audit(
            session, shop.domain, at=deps.clock(), actor=actor, action="test_sent", detail={"kind": kind.name}
        )
        await save_settings(session, locked, {"test_phone": phone})
    return {"id": message_id}


async def values_of_order(
    deps: Deps, shop: Shop, kind_name: str, order_id: str, locale: str, *, always: Values | None = None
) -> dict[str, str]:
    """What a text about this order would be filled with, by the variables' names. Raises `NotFound`."""
    kind = get_kind(kind_name)
    async with deps.db.transaction() as session:
        sender = await find_sender(session, shop.id) or Sender(shop_id=shop.id, phone_number=None)
    values = await _values_of_order(deps, shop, kind, sender, order_id, locale)
    if values is None:
        raise NotFound("Shopify did not show this order. Choose another one.")
    return _by_variable(kind, {**values, **(always or {})})


def _by_variable(kind: Kind, values: Values) -> dict[str, str]:
    found = {}
    for name in sorted(names_for(kind.name)):
        group, field = name.split(".", 1)
        found[name] = str(values.get(group, {}).get(field, ""))
    return found


async def history_of(session: AsyncSession, shop: Shop, kind_name: str, locale: str) -> list[dict[str, Any]]:
    """Every saved wording of one language, newest first, with what it changed. The default text is where it began."""
    kind = get_kind(kind_name)
    versions = await versions_of(session, shop.id, kind.name, locale)
    texts = [version.text for version in versions]
    before = [*texts[1:], DEFAULTS.get(kind.name, {}).get(locale, texts[-1])] if texts else []
    return [
        {
            "id": version.id,
            "text": version.text,
            "is_default": version.is_default,
            "saved_at": version.saved_at.isoformat(),
            "saved_by": version.saved_by,
            "pieces": difference(earlier, version.text),
        }
        for version, earlier in zip(versions, before, strict=True)
    ]


def get_kind(name: str) -> Kind:
    kind = kinds.find(name)
    if kind is None or not kind.about_order:
        raise NotFound("There is no such kind of text.")
    return kind


def _describe(
    kind: Kind, switched: dict[str, bool], stored: dict[str, str], versions: dict[str, int]
) -> dict[str, Any]:
    defaults = {locale: default_text(kind.name, locale) for locale in LOCALES}
    return {
        "kind": kind.name,
        "label": kind.label,
        "description": kind.description,
        "enabled": switched.get(kind.name, kind.enabled_by_default),
        "topic": kind.topic,
        "group": "carrier" if kind.optional_scope else "shipping" if kind.uses_tracking else "order",
        "templates": defaults | stored,
        "defaults": defaults,
        "customised": sorted(stored),
        "variables": editor_chips(kind.name),
        "versions": versions,
    }


def _fault_of(shop: Shop, kind: Kind, locale: object, text: object) -> str | None:
    if not isinstance(locale, str) or not locale.replace("-", "").isalpha() or len(locale) > LONGEST_LOCALE:
        return "Give the language as a code such as en, es or fr."
    if text is None or text == "":
        return None if locale in DEFAULTS.get(kind.name, {}) else "There is no default text in this language."
    if not isinstance(text, str):
        return "The text must be text."
    try:
        compile_template(text)
    except TemplateError as error:
        return error.sentence
    errors = [
        finding.sentence
        for finding in lint(text, kind.name, locale, brand=shop.name or None)
        if str(finding.level) == "error"
    ]
    return " ".join(errors) or None


async def _store(
    deps: Deps,
    session: AsyncSession,
    shop: Shop,
    kind: Kind,
    enabled: bool | None,
    texts: dict[str, str | None],
    actor: str,
) -> None:
    now = deps.clock()
    if enabled is not None:
        await switch(session, shop.id, kind.name, enabled, now=now)
        await request_registration(session, shop.id)
    if enabled is False:
        off = (SWITCHED_OFF.code, SWITCHED_OFF.sentence)
        await cancel_queued_of_kind(session, shop.id, kind.name, now=now, reason=off)
    for locale, text in texts.items():
        default = DEFAULTS.get(kind.name, {}).get(locale)
        wording = text or default
        if wording is None or wording == default:
            await forget_text(session, shop.id, kind.name, locale)
        else:
            await store_text(session, shop.id, kind.name, locale, wording, now=now, actor=actor)
        if wording is not None:
            is_default = wording == default
            await add_version(session, shop.id, kind.name, locale, wording, is_default=is_default, now=now, actor=actor)
    await write_audit(
        session,
        shop.domain,
        at=now,
        actor=actor,
        action="notification_saved",
        detail={"kind": kind.name, "enabled": enabled, "locales": sorted(texts)},
    )


async def _refuse_what_is_outdated(
    session: AsyncSession, shop_id: int, kind: Kind, seen: object, texts: dict[str, str | None]
) -> None:
    """*seen*: locale to the version that the editor began with; a language it does not name is not compared."""
    if not isinstance(seen, dict) or not texts:
        return
    # Two savers at once must not both find the same latest version.
    await get_shop_locked(session, shop_id)
    latest = (await latest_versions(session, shop_id)).get(kind.name, {})
    changed = [locale for locale in texts if locale in seen and latest.get(locale, 0) != seen[locale]]
    if changed:
        stored = (await describe_notification(session, shop_id, kind))["templates"]
        raise Overtaken(
            "Somebody else has changed this meanwhile. Your change is not saved yet.",
            {f"templates.{locale}": stored.get(locale, "") for locale in changed},
            versions={locale: latest.get(locale, 0) for locale in changed},
        )


def _given_values(kind: Kind, given: object, samples: Values) -> Values:
    """Values that the editor got from `values_of_order`, so that typing does not ask Shopify again and again."""
    if not isinstance(given, dict):
        raise Invalid({"values": "Give the values by variable."})
    values: Values = {group: dict(fields) for group, fields in samples.items()}
    for name in names_for(kind.name):
        if isinstance(given.get(name), str):
            group, field = name.split(".", 1)
            values[group][field] = given[name][:500]
    return values


async def _values_of_order(
    deps: Deps, shop: Shop, kind: Kind, sender: Sender, order_id: str, locale: str
) -> Values | None:
    """None where Shopify does not show it. What no order of Shopify has, such as an affiliate, is the sample's."""
    try:
        facts = await read_order_facts(deps, shop.id, order_id)
    except ShopifyError:
        return None
    if facts is None:
        return None
    samples, values = sample_values(kind.name), order_values(shop, sender, facts, None, locale)
    customer = {**samples.get("customer", {}), **values["customer"]}
    return {**values, "customer": customer, "affiliate": samples.get("affiliate", {})}


def _findings(shop: Shop, kind: Kind, template: str, locale: str) -> list[dict[str, Any]]:
    """What the linter says, each sentence once: at the first place it is about."""
    found: dict[str, dict[str, Any]] = {}
    for each in lint(template, kind.name, locale, brand=shop.name or None):
        row = {"code": each.code, "level": str(each.level), "sentence": each.sentence, "position": each.position}
        found.setdefault(each.sentence, row)
    return list(found.values())


def _segments(text: str) -> dict[str, Any]:
    count = count_segments(text)
    return {
        "encoding": str(count.encoding),
        "units": count.units,
        "segments": count.segments,
        "units_left": count.units_left,
        "offenders": [{"char": each.char, "index": each.index, "replacement": each.plain} for each in count.offenders],
    }


def _form(body: object) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Invalid({"template": "Send a JSON object."})
    return body


def _text(form: dict[str, Any], name: str, default: str, *, longest: int) -> str:
    value = form.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or len(value) > longest:
        raise Invalid({name: f"This must be text of at most {longest} characters."})
    return value
