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
        "order_paid": {
            "en": (
                "Hi {{ customer.first_name }}, {{ shop.name }} has received your payment for order {{ order.name }}. "
                "Thank you! Reply STOP to opt-out."
            ),
            "es": (
                "Hola {{ customer.first_name }}, {{ shop.name }} ha recibido el pago de tu pedido {{ order.name }}. "
                "¡Gracias! Responde STOP para no recibir mensajes."
            ),
            "fr": (
                "Bonjour {{ customer.first_name }}, {{ shop.name }} a bien encaissé le paiement de votre commande "
                "{{ order.name }}. Merci ! Répondez STOP pour ne plus recevoir de SMS."
            ),
        },
        "order_partially_fulfilled": {
            "en": (
                "Hi {{ customer.first_name }}, part of your {{ shop.name }} order {{ order.name }} is on its way."
                "{% if tracking.url %} Track it at {{ tracking.url }}{% endif %} The rest will follow. "
                "Reply STOP to opt-out."
            ),
            "es": (
                "Hola {{ customer.first_name }}, una parte de tu pedido {{ order.name }} de {{ shop.name }} ya ha "
                "salido.{% if tracking.url %} Rastrea el paquete en {{ tracking.url }}{% endif %} El resto va "
                "después. Responde STOP para no recibir mensajes."
            ),
            "fr": (
                "Bonjour {{ customer.first_name }}, une partie de votre commande {{ order.name }} chez "
                "{{ shop.name }} est en route.{% if tracking.url %} Suivi : {{ tracking.url }}{% endif %} "
                "Le reste suivra. Répondez STOP pour ne plus recevoir de SMS."
            ),
        },
        "tracking_updated": {
            "en": (
                "Hi {{ customer.first_name }}, you can now track your {{ shop.name }} order {{ order.name }}: "
                "{% if tracking.url %}{{ tracking.url }}{% else %}{{ tracking.company }} {{ tracking.number }}."
                "{% endif %} Reply STOP to opt-out."
            ),
            "es": (
                "Hola {{ customer.first_name }}, ya puedes rastrear tu pedido {{ order.name }} de {{ shop.name }}: "
                "{% if tracking.url %}{{ tracking.url }}{% else %}{{ tracking.company }} {{ tracking.number }}."
                "{% endif %} Responde STOP para no recibir mensajes."
            ),
            "fr": (
                "Bonjour {{ customer.first_name }}, suivez votre commande {{ order.name }} chez {{ shop.name }} : "
                "{% if tracking.url %}{{ tracking.url }}{% else %}{{ tracking.company }} {{ tracking.number }}."
                "{% endif %} Répondez STOP pour ne plus recevoir de SMS."
            ),
        },
        "delivery_delayed": {
            "en": (
                "Hi {{ customer.first_name }}, your {{ shop.name }} order {{ order.name }} is taking longer than "
                "planned. We are sorry for the wait.{% if tracking.url %} Latest news: {{ tracking.url }}{% endif %} "
                "Reply STOP to opt-out."
            ),
            "es": (
                "Hola {{ customer.first_name }}, tu pedido {{ order.name }} de {{ shop.name }} se retrasa. Lamentamos "
                "la espera.{% if tracking.url %} Sigue el paquete en {{ tracking.url }}{% endif %} "
                "Responde STOP para no recibir mensajes."
            ),
            "fr": (
                "Bonjour {{ customer.first_name }}, votre commande {{ order.name }} chez {{ shop.name }} a du retard. "
                "Nous en sommes désolés.{% if tracking.url %} Suivi : {{ tracking.url }}{% endif %} "
                "Répondez STOP pour ne plus recevoir de SMS."
            ),
        },
        "out_for_delivery": {
            "en": (
                "Hi {{ customer.first_name }}, your {{ shop.name }} order {{ order.name }} is out for delivery."
                "{% if tracking.url %} Track it at {{ tracking.url }}{% endif %} Reply STOP to opt-out."
            ),
            "es": (
                "Hola {{ customer.first_name }}, tu pedido {{ order.name }} de {{ shop.name }} ha salido a reparto."
                "{% if tracking.url %} Rastrea el paquete en {{ tracking.url }}{% endif %} "
                "Responde STOP para no recibir mensajes."
            ),
            "fr": (
                "Bonjour {{ customer.first_name }}, votre commande {{ order.name }} chez {{ shop.name }} est en cours "
                "de livraison.{% if tracking.url %} Suivi : {{ tracking.url }}{% endif %} "
                "Répondez STOP pour ne plus recevoir de SMS."
            ),
        },
        "delivery_attempted": {
            "en": (
                "Hi {{ customer.first_name }}, the carrier tried to deliver your {{ shop.name }} order "
                "{{ order.name }} and could not.{% if tracking.url %} What to do next: {{ tracking.url }}{% endif %} "
                "Reply STOP to opt-out."
            ),
            "es": (
                "Hola {{ customer.first_name }}, no se pudo entregar tu pedido {{ order.name }} de {{ shop.name }}."
                "{% if tracking.url %} Qué hacer ahora: {{ tracking.url }}{% endif %} "
                "Responde STOP para no recibir mensajes."
            ),
            "fr": (
                "Bonjour {{ customer.first_name }}, le transporteur n'a pas pu livrer votre commande {{ order.name }} "
                "chez {{ shop.name }}.{% if tracking.url %} Que faire : {{ tracking.url }}{% endif %} "
                "Répondez STOP pour ne plus recevoir de SMS."
            ),
        },
        "ready_for_pickup": {
            "en": (
                "Hi {{ customer.first_name }}, your {{ shop.name }} order {{ order.name }} is ready for pickup. "
                "Where and when: {{ order.status_url }} Reply STOP to opt-out."
            ),
            "es": (
                "Hola {{ customer.first_name }}, ya puedes recoger tu pedido {{ order.name }} de {{ shop.name }}. "
                "Los detalles: {{ order.status_url }} Responde STOP para no recibir mensajes."
            ),
            "fr": (
                "Bonjour {{ customer.first_name }}, votre commande {{ order.name }} chez {{ shop.name }} est à votre "
                "disposition. Tous les détails : {{ order.status_url }} Répondez STOP pour ne plus recevoir de SMS."
            ),
        },
        "delivered": {
            "en": (
                "Hi {{ customer.first_name }}, your {{ shop.name }} order {{ order.name }} has been delivered. "
                "Something not right? Call {{ shop.phone }}. Reply STOP to opt-out."
            ),
            "es": (
                "Hola {{ customer.first_name }}, tu pedido {{ order.name }} de {{ shop.name }} ha sido entregado. "
                "¿Algo no va bien? Llama al {{ shop.phone }}. Responde STOP para no recibir mensajes."
            ),
            "fr": (
                "Bonjour {{ customer.first_name }}, votre commande {{ order.name }} chez {{ shop.name }} a été livrée. "
                "Un souci ? Appelez le {{ shop.phone }}. Répondez STOP pour ne plus recevoir de SMS."
            ),
        },
        "order_cancelled": {
            "en": (
                "Hi {{ customer.first_name }}, your {{ shop.name }} order {{ order.name }} has been canceled. "
                "Questions? Call {{ shop.phone }}. Reply STOP to opt-out."
            ),
            "es": (
                "Hola {{ customer.first_name }}, tu pedido {{ order.name }} de {{ shop.name }} ha sido cancelado. "
                "¿Preguntas? Llama al {{ shop.phone }}. Responde STOP para no recibir mensajes."
            ),
            "fr": (
                "Bonjour {{ customer.first_name }}, votre commande {{ order.name }} chez {{ shop.name }} a été "
                "annulée. Une question ? Appelez le {{ shop.phone }}. Répondez STOP pour ne plus recevoir de SMS."
            ),
        },
        "order_refunded": {
            "en": (
                "Hi {{ customer.first_name }}, {{ shop.name }} has refunded {{ refund.amount }} for order "
                "{{ order.name }}. Your bank may take some days to show it. Reply STOP to opt-out."
            ),
            "es": (
                "Hola {{ customer.first_name }}, {{ shop.name }} te ha devuelto {{ refund.amount }} del pedido "
                "{{ order.name }}. Tu banco puede tardar un poco en mostrarlo. "
                "Responde STOP para no recibir mensajes."
            ),
            "fr": (
                "Bonjour {{ customer.first_name }}, {{ shop.name }} vous a remboursé {{ refund.amount }} pour la "
                "commande {{ order.name }}. Votre banque peut mettre quelques jours à l'afficher. "
                "Répondez STOP pour ne plus recevoir de SMS."
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
HELP_REPLY_SHORT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "en": HELP_REPLY_PRESET,
        "es": (
            "Llama al {{ shop.phone }} si necesitas ayuda, o responde STOP para no recibir mensajes. "
            "Pueden aplicarse tarifas de mensajes y datos."
        ),
        "fr": (
            "Appelez le {{ shop.phone }} pour toute aide, ou répondez STOP pour ne plus recevoir de SMS. "
            "Des frais peuvent s'appliquer."
        ),
    }
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
