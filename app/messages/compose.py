"""Words a text from the shop's template and the order's facts."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.core.errors import Invalid
from app.core.phone import to_e164
from app.message_templates.defaults import DEFAULTS, HELP_REPLY_SHORT, closest_locale, default_text
from app.message_templates.queries import stored_texts
from app.message_templates.render import TemplateError, TextTooLong, compile_template
from app.message_templates.segments import UTF16_LIMIT, count_segments, to_plain, utf16_length
from app.message_templates.variables import Values
from app.messages.facts import OrderFacts, Parcel, Tracking
from app.shops.models import Sender, Shop
from app.shops.queries import find_sender
from app.shops.settings import read_settings_of

LINK_IN_LOG = "[order status link]"
"""What the log shows instead of the status link, which opens the order for whoever has it."""
OPT_OUT_LINK_IN_LOG = "[opt-out link]"

HELP_REPLY = "help_reply"
NEUTRAL_NAME = {"en": "there", "es": "cliente", "fr": "client"}


@dataclass(frozen=True)
class Composed:
    """*text* goes out; *logged* is the same with the status link masked."""

    text: str
    logged: str
    locale: str
    segments: int


async def template_for(session: AsyncSession, shop_id: int, kind: str, locale: str) -> tuple[str, str]:
    """(template, language): the merchant's wording in the customer's language, else the default one."""
    return _closest_text(kind, locale, await stored_texts(session, shop_id, kind))


def _closest_text(kind: str, locale: str, wording: Mapping[str, str]) -> tuple[str, str]:
    texts = {**DEFAULTS.get(kind, {}), **wording}
    chosen = closest_locale(locale, texts)
    return texts.get(chosen) or default_text(kind, locale), chosen


def compose_for_order(
    shop: Shop,
    sender: Sender,
    kind: str,
    facts: OrderFacts,
    fulfillment_id: str | None,
    *,
    refund_id: str | None = None,
    opt_out_url: str = "",
    wording: Mapping[str, str],
) -> Composed:
    """*wording*: the shop's own texts of the kind, by locale. Raises `TemplateError` when it cannot be rendered."""
    template, locale = _closest_text(kind, facts.locale, wording)
    values = order_values(shop, sender, facts, fulfillment_id, locale, refund_id=refund_id)
    values["customer"]["opt_out_url"] = opt_out_url
    return compose(template, values, locale)


def compose(template: str, values: Values, locale: str) -> Composed:
    text = to_plain(compile_template(template).render(values))
    if utf16_length(text) > UTF16_LIMIT:
        # Plain look-alikes may be longer than what they stand for.
        raise TextTooLong(utf16_length(text))
    status_url = str(values.get("order", {}).get("status_url") or "")
    logged = text.replace(status_url, LINK_IN_LOG) if status_url else text
    opt_out_url = str(values.get("customer", {}).get("opt_out_url") or "")
    logged = logged.replace(opt_out_url, OPT_OUT_LINK_IN_LOG) if opt_out_url else logged
    return Composed(text, logged, locale, count_segments(text).segments)


async def compose_reply(session: AsyncSession, shop: Shop, sender: Sender, kind: str, language: str) -> Composed:
    """An answer to a keyword, in the keyword's language. Falls back to the default text if the merchant's is broken."""
    template, locale = await template_for(session, shop.id, kind, language)
    if kind == HELP_REPLY and read_settings_of(shop).help_wording == "short":
        locale = closest_locale(language, HELP_REPLY_SHORT)
        template = HELP_REPLY_SHORT[locale]
    values: Values = {"shop": shop_values(shop, sender)}
    try:
        return compose(template, values, locale)
    except TemplateError:
        return compose(default_text(kind, language), values, language)


async def help_replies(session: AsyncSession, shop: Shop, language: str) -> dict[str, str]:
    """Both answers to HELP as a customer of this shop would read them, for the merchant to choose from."""
    sender = await find_sender(session, shop.id)
    values: Values = {"shop": shop_values(shop, sender)}
    locale = closest_locale(language, HELP_REPLY_SHORT)
    texts = {"full": default_text(HELP_REPLY, locale), "short": HELP_REPLY_SHORT[locale]}
    return {name: compose(text, values, locale).text for name, text in texts.items()}


def order_values(
    shop: Shop,
    sender: Sender,
    facts: OrderFacts,
    fulfillment_id: str | None,
    locale: str,
    *,
    refund_id: str | None = None,
) -> Values:
    """Without *refund_id* the latest refund stands for them all, as in a preview."""
    name = " ".join(part for part in (facts.first_name, facts.last_name) if part) or facts.addressee
    neutral = NEUTRAL_NAME.get(locale.split("-")[0], NEUTRAL_NAME["en"])
    parcel = _parcel(facts, fulfillment_id)
    tracking = next((each for each in (parcel.tracking if parcel else ()) if each.url or each.number), None)
    refund = facts.refund(refund_id) if refund_id is not None else next(reversed(facts.refunds), None)
    return {
        "customer": {
            "name": name or neutral,
            "first_name": facts.first_name or name or neutral,
            "last_name": facts.last_name,
        },
        "shop": shop_values(shop, sender),
        "order": {
            "name": facts.name,
            "number": int(facts.number) if facts.number.isdigit() else facts.number,
            "status_url": facts.status_url,
            "total": facts.total,
            "item_count": facts.item_count,
        },
        # What is missing is left out: an empty text would count as true in Liquid's `if`.
        "tracking": _present(tracking),
        "fulfillment": {"name": parcel.name if parcel else ""},
        "refund": {"amount": refund.amount} if refund is not None else {},
    }


def _present(tracking: Tracking | None) -> dict[str, str | int]:
    if tracking is None:
        return {}
    given = {"url": tracking.url, "number": tracking.number, "company": tracking.company}
    return {name: value for name, value in given.items() if value}


def shop_values(shop: Shop, sender: Sender | None) -> dict[str, str | int]:
    """The shop's phone is the contact number it gave, else the number it texts from, which can be called back."""
    return {
        "name": shop.name or shop.domain.removesuffix(".myshopify.com"),
        "url": shop.url or f"https://{shop.domain}",
        "phone": read_settings_of(shop).contact_phone or (sender.phone_number if sender else None) or "",
    }


def _parcel(facts: OrderFacts, fulfillment_id: str | None) -> Parcel | None:
    """The parcel that is meant; without one, the latest that can be tracked, else the latest."""
    living = [each for each in facts.parcels if each.status not in ("CANCELLED", "ERROR", "FAILURE")]
    if fulfillment_id is not None:
        return next((each for each in living if each.fulfillment_id == fulfillment_id), None)
    trackable = [each for each in living if any(tracking.url for tracking in each.tracking)]
    return next(reversed(trackable or living), None)


def recipient_of(form: object, field: str = "to") -> str:
    """A phone typed by staff. Raises `Invalid`."""
    given = form.get(field) if isinstance(form, dict) else None
    phone = to_e164(given, "US") if isinstance(given, str) else None
    if phone is None:
        raise Invalid({field: "Give a mobile number with its area code, for example +1 415 555 0123."})
    return phone
