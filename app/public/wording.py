"""What the public opt-out page says, in three languages. What was shown is kept with the opt-out as evidence."""

from collections.abc import Mapping
from typing import Final

LANGUAGES: Final = ("en", "es", "fr")

WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "Stop texts from {shop}",
        "lead_link": "No more texts from {shop} will go to {phone}: no order updates, nothing else.",
        "stop": "Stop all texts",
        "lead_phone": "Enter your mobile number. We text you a code to make sure that it is yours.",
        "phone": "Mobile number",
        "send_code": "Text me a code",
        "lead_code": "If {phone} gets texts from {shop}, a code is on its way. It works for 10 minutes.",
        "code": "6-digit code",
        "again": "Use another number",
        "done_title": "You are unsubscribed",
        "done": "{phone} will get no more texts from {shop}. To start again, text START to the number that texted you.",
        "other_ways": "You can also reply STOP to any text, at any time.",
        "bad_phone": "Enter a mobile number with its area code, for example +1 415 555 0123.",
        "bad_code": "That code is not right, or it is too old. Try again, or ask for a new one.",
        "bad_link": "This link no longer works. Use your mobile number instead.",
        "too_many": "Too many attempts. Please wait a few minutes, or reply STOP to any text.",
        "nobody": "There is no such page.",
    },
    "es": {
        "title": "No recibir más mensajes de {shop}",
        "lead_link": "{shop} no enviará más mensajes a {phone}: ni avisos de pedidos ni otros.",
        "stop": "No recibir más mensajes",
        "lead_phone": "Escribe tu número de móvil. Te enviaremos un código para comprobar que es tuyo.",
        "phone": "Número de móvil",
        "send_code": "Enviarme un código",
        "lead_code": "Si {phone} recibe mensajes de {shop}, el código está en camino. Es válido durante 10 minutos.",
        "code": "Código de 6 cifras",
        "again": "Usar otro número",
        "done_title": "Te has dado de baja",
        "done": "{phone} no recibirá más mensajes de {shop}. Para volver a recibirlos, envía START al mismo número.",
        "other_ways": "También puedes responder STOP a cualquier mensaje, cuando quieras.",
        "bad_phone": "Escribe un número de móvil con su prefijo, por ejemplo +1 415 555 0123.",
        "bad_code": "El código no es correcto o ha caducado. Inténtalo de nuevo o pide otro.",
        "bad_link": "Este enlace ya no funciona. Usa tu número de móvil.",
        "too_many": "Demasiados intentos. Espera unos minutos o responde STOP a cualquier mensaje.",
        "nobody": "Esta página no existe.",
    },
    "fr": {
        "title": "Ne plus recevoir de SMS de {shop}",
        "lead_link": "{shop} n'enverra plus aucun SMS au {phone} : ni suivi de commande, ni autre message.",
        "stop": "Ne plus recevoir de SMS",
        "lead_phone": "Indiquez votre numéro de mobile. Nous vous envoyons un code pour vérifier qu'il est à vous.",
        "phone": "Numéro de mobile",
        "send_code": "M'envoyer un code",
        "lead_code": "Si le {phone} reçoit des SMS de {shop}, un code est en route. Il est valable 10 minutes.",
        "code": "Code à 6 chiffres",
        "again": "Utiliser un autre numéro",
        "done_title": "Vous êtes désabonné",
        "done": "Le {phone} ne recevra plus de SMS de {shop}. Pour reprendre, envoyez START au même numéro.",
        "other_ways": "Vous pouvez aussi répondre STOP à tout SMS, à tout moment.",
        "bad_phone": "Indiquez un numéro de mobile avec son indicatif, par exemple +1 514 555 0123.",
        "bad_code": "Ce code n'est pas le bon, ou il est trop ancien. Réessayez ou demandez-en un autre.",
        "bad_link": "Ce lien ne fonctionne plus. Utilisez votre numéro de mobile.",
        "too_many": "Trop d'essais. Patientez quelques minutes ou répondez STOP à un SMS.",
        "nobody": "Cette page n'existe pas.",
    },
}

CODE_TEXT: Final = {
    "en": "{shop}: {code} is your code to stop our texts. It works for 10 minutes. Or just reply STOP.",
    "es": "{shop}: {code} es tu código para no recibir más mensajes. Vale 10 minutos. O responde STOP.",
    "fr": "{shop} : {code} est votre code pour ne plus recevoir de SMS. Valable 10 minutes. Ou répondez STOP.",
}


def language_of(accepted: str) -> str:
    """The first language of the browser that the page knows."""
    for part in accepted.split(","):
        language = part.split(";")[0].strip().lower().partition("-")[0]
        if language in LANGUAGES:
            return language
    return "en"
