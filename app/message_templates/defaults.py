"""The wording a shop starts with, in English, Spanish and French.

Every text names the shop and says how to end the texts, and is written with GSM-7 characters only: one "ç" or "í"
would halve what fits into a segment. STOP is the word in all languages because every carrier and RingCentral itself
act on it; ALTO and ARRET work as well, but only through this program.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

FALLBACK_LOCALE: Final = "en"

DEFAULTS: Final[Mapping[str, Mapping[str, str]]] = MappingProxyType(
    {
        "order_confirmed": {
            "en": (
                "Hi {{ customer.name }}, your {{ shop.name }} order {{ order.name }} has been confirmed. "
                "You can view your order details at {{ order.status_url }} Reply STOP to opt-out."
            ),
            "es": (
                "Hola {{ customer.name }}, tu pedido {{ order.name }} de {{ shop.name }} ha sido confirmado. "
                "Puedes ver los detalles en {{ order.status_url }} Responde STOP para no recibir mensajes."
            ),
            "fr": (
                "Bonjour {{ customer.name }}, votre commande {{ order.name }} chez {{ shop.name }} est confirmée. "
                "Tous les détails : {{ order.status_url }} Répondez STOP pour ne plus recevoir de SMS."
            ),
        },
        "order_fulfilled": {
            "en": (
                "Hi {{ customer.name }}, your {{ shop.name }} order {{ order.name }} has been fulfilled. "
                "You can view your order details at {{ order.status_url }}"
                "{% if tracking.url %} Track it at {{ tracking.url }}{% endif %} Reply STOP to opt-out."
            ),
            "es": (
                "Hola {{ customer.name }}, tu pedido {{ order.name }} de {{ shop.name }} ya ha salido. "
                "Puedes ver los detalles en {{ order.status_url }}"
                "{% if tracking.url %} Rastrea el paquete en {{ tracking.url }}{% endif %}"
                " Responde STOP para no recibir mensajes."
            ),
            "fr": (
                "Bonjour {{ customer.name }}, votre commande {{ order.name }} chez {{ shop.name }} a été expédiée. "
                "Tous les détails : {{ order.status_url }}"
                "{% if tracking.url %} Suivez votre colis : {{ tracking.url }}{% endif %}"
                " Répondez STOP pour ne plus recevoir de SMS."
            ),
        },
        "connect_order_paid": {
            "en": (
                "{{ affiliate.name }} with {{ shop.name }}: Hi {{ customer.first_name }}, thank you for your order "
                "{{ order.name }} ({{ order.total }}). Your payment was received. Reply STOP to opt-out."
            ),
            "es": (
                "{{ affiliate.name }} de {{ shop.name }}: Hola {{ customer.first_name }}, gracias por tu pedido "
                "{{ order.name }} ({{ order.total }}). Ya recibimos tu pago. Responde STOP para no recibir mensajes."
            ),
            "fr": (
                "{{ affiliate.name }} avec {{ shop.name }} : Bonjour {{ customer.first_name }}, merci pour votre "
                "commande {{ order.name }} ({{ order.total }}), elle est payée. "
                "Répondez STOP pour ne plus recevoir de SMS."
            ),
        },
        "connect_order_shipped": {
            "en": (
                "{{ affiliate.name }} with {{ shop.name }}: Hi {{ customer.first_name }}, your order {{ order.name }} "
                "is on its way.{% if tracking.url %} Track it at {{ tracking.url }}{% endif %} Reply STOP to opt-out."
            ),
            "es": (
                "{{ affiliate.name }} de {{ shop.name }}: Hola {{ customer.first_name }}, tu pedido {{ order.name }} "
                "ya ha salido.{% if tracking.url %} Rastrea el paquete en {{ tracking.url }}{% endif %}"
                " Responde STOP para no recibir mensajes."
            ),
            "fr": (
                "{{ affiliate.name }} avec {{ shop.name }} : Bonjour {{ customer.first_name }}, votre commande "
                "{{ order.name }} est en route.{% if tracking.url %} Suivi : {{ tracking.url }}{% endif %}"
                " Répondez STOP pour ne plus recevoir de SMS."
            ),
        },
        "help_reply": {
            "en": (
                "{{ shop.name }} order updates: call {{ shop.phone }} for help. Msg frequency varies. "
                "Msg & data rates may apply. Reply STOP to opt out."
            ),
            "es": (
                "{{ shop.name }}, avisos de pedidos: llama al {{ shop.phone }} si necesitas ayuda. "
                "La frecuencia de mensajes depende de tus pedidos. Pueden aplicarse tarifas de mensajes y datos. "
                "Responde STOP para no recibir mensajes."
            ),
            "fr": (
                "{{ shop.name }}, suivi de commandes : pour toute aide, appelez le {{ shop.phone }}. "
                "La fréquence des messages varie. Des frais de messages et de données peuvent s'appliquer. "
                "Répondez STOP pour ne plus recevoir de SMS."
            ),
        },
        "stop_confirmation": {
            "en": "{{ shop.name }}: You are unsubscribed and will get no more texts. Reply START to resume.",
            "es": "{{ shop.name }}: Te has dado de baja y ya no te enviaremos mensajes. Responde START para reanudar.",
            "fr": (
                "{{ shop.name }} : votre désabonnement est pris en compte, vous ne recevrez plus de SMS. "
                "Répondez START pour reprendre."
            ),
        },
        "opt_in_question": {
            "en": (
                "{{ shop.name }}: Reply YES to get order updates by text. Msg frequency varies. "
                "Msg & data rates may apply. Reply HELP for help, STOP to opt out."
            ),
            "es": (
                "{{ shop.name }}: Responde SI para recibir avisos de tus pedidos por SMS. La frecuencia depende de tus "
                "pedidos. Pueden aplicarse tarifas. Responde AYUDA para recibir ayuda o STOP para darte de baja."
            ),
            "fr": (
                "{{ shop.name }} : répondez OUI pour recevoir le suivi de vos commandes par SMS. Fréquence variable. "
                "Des frais peuvent s'appliquer. Répondez AIDE pour de l'aide, STOP pour vous désabonner."
            ),
        },
        "opt_in_confirmation": {
            "en": (
                "{{ shop.name }}: You will get order updates by text. Msg frequency varies. "
                "Msg & data rates may apply. Reply HELP for help, STOP to opt out."
            ),
            "es": (
                "{{ shop.name }}: Te avisaremos de tus pedidos por SMS. La frecuencia depende de tus pedidos. "
                "Pueden aplicarse tarifas. Responde AYUDA para recibir ayuda o STOP para darte de baja."
            ),
            "fr": (
                "{{ shop.name }} : vous recevrez le suivi de vos commandes par SMS. Fréquence variable. "
                "Des frais peuvent s'appliquer. Répondez AIDE pour de l'aide, STOP pour vous désabonner."
            ),
        },
        "start_confirmation": {
            "en": (
                "{{ shop.name }}: You will get order updates by text again. Msg frequency varies. "
                "Msg & data rates may apply. Reply HELP for help, STOP to opt out."
            ),
            "es": (
                "{{ shop.name }}: De nuevo te avisaremos de tus pedidos por SMS. La frecuencia depende de tus pedidos. "
                "Pueden aplicarse tarifas. Responde AYUDA para recibir ayuda o STOP para darte de baja."
            ),
            "fr": (
                "{{ shop.name }} : vous recevrez de nouveau le suivi de vos commandes par SMS. Fréquence variable. "
                "Des frais peuvent s'appliquer. Répondez AIDE pour de l'aide, STOP pour vous désabonner."
            ),
        },
    }
)

HELP_REPLY_PRESET: Final = (
    "Please call {{ shop.phone }} for more information, or text STOP to stop these messages. "
    "Msg & Data rates may apply."
)
"""The shorter HELP reply that merchants may choose instead of the default."""


def default_text(kind: str, locale: str | None) -> str:
    """Return the wording of *kind* in the closest language: es-MX reads Spanish, what is unknown reads English.

    Raises KeyError for a kind that has no default.
    """
    return DEFAULTS[kind][closest_locale(locale, DEFAULTS[kind])]


def closest_locale(locale: str | None, available: Mapping[str, str]) -> str:
    """Return the best key of *available* for a BCP 47 *locale*: itself, then its language, then English."""
    wanted = (locale or FALLBACK_LOCALE).replace("_", "-").lower()
    by_lower = {name.lower(): name for name in available}
    while wanted:
        if wanted in by_lower:
            return by_lower[wanted]
        wanted = wanted.rpartition("-")[0]
    return FALLBACK_LOCALE
