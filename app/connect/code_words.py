"""What a sign-in code comes with, by text and by e-mail, in the languages of the pages."""

from typing import Final

CODE_TEXT: Final = {
    "en": "{shop}: {code} is your sign-in code. It works for 10 minutes. Never share it. Reply STOP to opt-out.",
    "de": "{shop}: {code} ist Ihr Anmeldecode, 10 Minuten gültig. Nicht weitergeben. Mit STOP abbestellen.",
    "es": "{shop}: {code} es su código de acceso. Vale 10 minutos. No lo comparta. Responda STOP para no recibir más.",
    "fr": "{shop} : {code} est votre code de connexion, valable 10 minutes. Ne le partagez pas. STOP pour arrêter.",
}
MAIL_SUBJECT: Final = {
    "en": "Your sign-in code for {shop}",
    "de": "Ihr Anmeldecode für {shop}",
    "es": "Su código de acceso a {shop}",
    "fr": "Votre code de connexion à {shop}",
}
MAIL_TEXT: Final = {
    "en": "Your code: {code}\n\nType it on the page that asked for it, or open this link, which works once:\n{link}\n\n"
    "Both work for 10 minutes. If you did not ask for this, you need not do anything.\n\n{shop}",
    "de": "Ihr Code: {code}\n\nGeben Sie ihn auf der Seite ein, die ihn verlangt, oder öffnen Sie diesen Link, der "
    "einmal funktioniert:\n{link}\n\nBeides gilt 10 Minuten. Wenn Sie das nicht angefordert haben, müssen Sie nichts "
    "tun.\n\n{shop}",
    "es": "Su código: {code}\n\nEscríbalo en la página que se lo pide o abra este enlace, que funciona una vez:\n{link}"
    "\n\nAmbos valen 10 minutos. Si no lo ha pedido usted, no tiene que hacer nada.\n\n{shop}",
    "fr": "Votre code : {code}\n\nSaisissez-le sur la page qui le demande, ou ouvrez ce lien, qui fonctionne une fois "
    ":\n{link}\n\nLes deux sont valables 10 minutes. Si vous n'avez rien demandé, vous n'avez rien à faire.\n\n{shop}",
}
