"""Words that the template linter knows, as data: regular expressions without their word boundaries, one topic a row.

The topics of FORBIDDEN are CTIA's "SHAFT" (sex, hate, alcohol, firearms, tobacco) and what RingCentral's content
policy adds (drugs, gambling, debt). They earn a warning, never a refusal: a wine shop may confirm an order.
"""

from typing import Final

PROMOTIONAL: Final = (
    r"(?:on |flash |big )?sale|discounts?|\d+ ?% off|coupons?|promos?|promo ?codes?|special offers?|deals?|free gifts?",
    r"buy now|shop now|act now|limited time|black friday|cyber monday|clearance|save \$?\d+\S*|win a|giveaway|winner",
    r"bogo|exclusive offer",
    r"ofertas?|descuentos?|rebajas?|cup[oó]n(?:es)?|promoci[oó]n(?:es)?|gratis|compra ahora|sorteo",
    r"soldes|remises?|r[ée]ductions?|offres?|bons? plans?|code promo|gratuit(?:e|s|es)?|achetez maintenant|promotions?",
)

FORBIDDEN: Final = (
    r"sex|sexy|porn\w*|xxx|escorts?|erotic\w*|hate|nazi\w*",
    r"alcohol|beers?|wines?|vodka|whiske?y|tequila|liquor|cerveza|vino|licor|bi[èe]re|vin",
    r"guns?|firearms?|ammo|ammunition|rifles?|pistols?|armas?|munici[oó]n|armes? [àa] feu",
    r"tobacco|cigars?|cigarettes?|vap(?:e|es|ing)|e-?liquid|tabaco|cigarros?|tabac",
    r"cannabis|cbd|thc|marijuana|kratom|hemp|delta-?8|chanvre",
    r"casino|gambl\w+|betting|jackpot|lottery|apuestas|paris sportifs|payday loans?|debt relief",
)

ANSWERING: Final = (
    r"reply|replying|text|texting|send|sending|type",
    r"responda|responde|responder|env[ií]a|env[ií]e|manda|escribe",
    r"r[ée]pondez|r[ée]ponds|r[ée]pondre|envoyez|envoie|tapez|[ée]crivez",
)
"""Verbs that tell a customer to send a word."""

WAYS_OUT: Final = {
    "en": ("stop|stopall|unsubscribe|cancel|end|quit|revoke|opt[ -]?out", "Reply STOP to opt out."),
    "es": ("stop|alto|baja|cancelar|unsubscribe|cancel|end|quit", "Responde STOP para no recibir mensajes."),
    "fr": ("stop|arr[eê]t|unsubscribe|cancel|end|quit", "Répondez STOP pour ne plus recevoir de SMS."),
}
"""Per language the words that end the texts, and an example sentence."""

SHORTENERS: Final = frozenset(
    {
        "adf.ly", "bit.do", "bit.ly", "bitly.com", "bl.ink", "buff.ly", "clck.ru", "cutt.ly", "dlvr.it", "goo.gl",
        "is.gd", "lnkd.in", "ow.ly", "rb.gy", "rebrand.ly", "rebrandly.com", "s.id", "short.gy", "short.io",
        "shorturl.at", "shrtco.de", "smarturl.it", "snip.ly", "soo.gd", "t.co", "t.ly", "t2m.io", "tiny.cc",
        "tiny.one", "tinyurl.com", "tr.im", "u.to", "urlz.fr", "v.gd", "x.co", "zpr.io",
    }
)  # fmt: skip
