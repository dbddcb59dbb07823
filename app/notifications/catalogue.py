"""The notifications of a shop as its pages and API show them: switch, wording, preview, test."""

import secrets
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Conflict, Invalid, NotFound
from app.deps import Deps
from app.message_templates.defaults import DEFAULTS, default_text
from app.message_templates.lint import lint
from app.message_templates.queries import all_stored_texts, forget_text, store_text
from app.message_templates.render import TemplateError, compile_template
from app.message_templates.segments import count_segments, to_plain
from app.message_templates.variables import editor_chips, longest_values, sample_values
from app.messages.compose import order_values, recipient_of, shop_values, template_for
from app.messages.facts import read_order_facts
from app.messages.kinds import TEST, Kind, kinds
from app.messages.queries import cancel_queued_of_kind
from app.messages.queue import queue_text
from app.messages.reasons import SWITCHED_OFF
from app.notifications.queries import switch, switches
from app.notifications.registration import request_registration
from app.shopify.client import ShopifyError
from app.shops.models import Sender, Shop
from app.shops.queries import find_sender, write_audit

LOCALES = ("en", "es", "fr")
LONGEST_LOCALE = 12


async def list_notifications(session: AsyncSession, shop_id: int) -> list[dict[str, Any]]:
    switched, stored = await switches(session, shop_id), await all_stored_texts(session, shop_id)
    return [_describe(kind, switched, stored.get(kind.name, {})) for kind in kinds.notifications()]


async def describe_notification(session: AsyncSession, shop_id: int, kind: Kind) -> dict[str, Any]:
    """One kind, also one that is not in the list because its feature has pages of its own."""
    switched, stored = await switches(session, shop_id), await all_stored_texts(session, shop_id)
    return _describe(kind, switched, stored.get(kind.name, {}))


async def save_notification(
    deps: Deps, session: AsyncSession, shop: Shop, kind_name: str, patch: object, *, actor: str
) -> dict[str, Any]:
    """Switch a kind and store its wording. A language set to null or "" goes back to the default text.

    Raises `NotFound`, or `Invalid` with what is wrong with each text.
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
    await _store(deps, session, shop, kind, enabled, texts, actor)
    return await describe_notification(session, shop.id, kind)


async def preview_notification(
    deps: Deps, session: AsyncSession, shop: Shop, kind_name: str, body: object
) -> dict[str, Any]:
    """The text as a customer would get it, its size, and what the linter says. Raises `NotFound`, `Invalid`."""
    kind, form = get_kind(kind_name), _form(body)
    locale = _text(form, "locale", "en", longest=LONGEST_LOCALE)
    template, language = await template_for(session, shop.id, kind.name, locale)
    template = _text(form, "template", template, longest=4000)
    order_id = _text(form, "order_id", "", longest=64)
    sender = await find_sender(session, shop.id) or Sender(shop_id=shop.id, phone_number=None)
    values = {**sample_values(kind.name), "shop": shop_values(shop, sender)}
    if order_id:
        values = await _values_of_order(deps, shop, sender, order_id, language) or values
    try:
        compiled = compile_template(template)
        text = to_plain(compiled.render(values))
        worst = to_plain(compiled.render({**longest_values(kind.name), "shop": shop_values(shop, sender)}))
    except TemplateError as error:
        raise Invalid({"template": error.sentence}) from None
    return {
        "text": text,
        "locale": language,
        "segments": _segments(text),
        "worst_case": _segments(worst),
        "findings": [
            {"code": each.code, "level": str(each.level), "sentence": each.sentence, "position": each.position}
            for each in lint(template, kind.name, locale, brand=shop.name or None)
        ],
    }


async def queue_test(
    deps: Deps, session: AsyncSession, shop: Shop, kind_name: str, body: object, *, actor: str
) -> dict[str, Any]:
    """A sample text to the merchant's own phone, through the same outbox. Raises `NotFound`, `Invalid`, `Conflict`."""
    kind, form = get_kind(kind_name), _form(body)
    phone = recipient_of(form)
    preview = await preview_notification(deps, session, shop, kind.name, form)
    sender = await find_sender(session, shop.id)
    if sender is None or sender.phone_number is None:
        raise Conflict("Connect RingCentral and choose a number first.")
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
    return {"id": message_id}


def get_kind(name: str) -> Kind:
    kind = kinds.find(name)
    if kind is None or not kind.about_order:
        raise NotFound("There is no such kind of text.")
    return kind


def _describe(kind: Kind, switched: dict[str, bool], stored: dict[str, str]) -> dict[str, Any]:
    defaults = {locale: default_text(kind.name, locale) for locale in LOCALES}
    return {
        "kind": kind.name,
        "label": kind.label,
        "description": kind.description,
        "enabled": switched.get(kind.name, kind.enabled_by_default),
        "topic": kind.topic,
        "templates": defaults | stored,
        "defaults": defaults,
        "customised": sorted(stored),
        "variables": editor_chips(kind.name),
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
        if not text or text == DEFAULTS.get(kind.name, {}).get(locale):
            await forget_text(session, shop.id, kind.name, locale)
        else:
            await store_text(session, shop.id, kind.name, locale, text, now=now, actor=actor)
    await write_audit(
        session,
        shop.domain,
        at=now,
        actor=actor,
        action="notification_saved",
        detail={"kind": kind.name, "enabled": enabled, "locales": sorted(texts)},
    )


async def _values_of_order(deps: Deps, shop: Shop, sender: Sender, order_id: str, locale: str) -> dict[str, Any] | None:
    try:
        facts = await read_order_facts(deps, shop.id, order_id)
    except ShopifyError:
        return None
    return dict(order_values(shop, sender, facts, None, locale)) if facts is not None else None


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
