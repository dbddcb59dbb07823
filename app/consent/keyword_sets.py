"""Words and sentences that open and close consent, as data: what counts, in which language, and what only looks like it.

Everything is written as `keywords.py` reads a text: lower case, without accents, punctuation between words a blank,
apostrophes of English contractions closed up ("dont"), those of French a blank ("m envoyer").
Sources: 47 CFR 64.1200(a)(10) (stop, quit, end, revoke, opt out, cancel, unsubscribe), CTIA Messaging Principles,
the default lists of RingCentral, Twilio and Telnyx, and Canada's short-code rules (ARRET, AIDE).
"""
# ruff: noqa: E501 (one rule a line reads as a table)

from collections.abc import Mapping
from typing import Final, Literal

Language = Literal["en", "es", "fr"]

PROVIDER_OPT_OUTS: Final = frozenset({"stop", "unsubscribe", "quit", "cancel", "end"})
"""RingCentral's own list: for these it blocks the pair of numbers by itself and, on standard numbers, confirms."""


def _by_word(rows: Mapping[Language, str]) -> dict[str, Language]:
    return {word: language for language, row in rows.items() for word in row.split("|")}


def _words(row: str) -> frozenset[str]:
    return frozenset(row.split("|"))


OPT_OUTS: Final[Mapping[str, Language]] = _by_word(
    {
        "en": "stop|stopall|stop all|end|cancel|unsubscribe|quit|revoke|revoked|block me|optout|opt out|opt me out|opt out all|unsub|"
        "unsubscribe me|unsubscribe all|cancel all|end all|quit all|remove|remove me|delete me|no more|take me off|"
        "stop it|stop this|stop that|stop these|stop them|stop everything|stop me|stop sending|stop contact|stp|"
        "leave me alone|leave us alone|wrong number|wrong person|lose my number|lose this number|not interested|no longer interested|un subscribe|"
        "go away|fuck off|cease|cease and desist|do not contact|dont contact|do not text|dont text",
        "es": "alto|baja|cancelar|darme de baja|dar de baja|dame de baja|deme de baja|no mas|basta|ya basta|parar|paren|"
        "detener|detenganse|desuscribir|desuscribirme|desuscribirse|numero equivocado|dejame en paz|dejenme en paz|"
        "ya no mas|alto ya|alto todo|no me interesa|borrame|borrenme|eliminame|eliminenme|quitame|quitenme",
        "fr": "arret|arrete|arreter|arretez|arretes|arrett|arretez tout|arretez ca|tout arreter|stoppez|stopper|"
        "desabonner|desabonnement|desabonnez moi|me desabonner|desinscrire|desinscription|desinscrivez moi|"
        "me desinscrire|plus de sms|plus de messages|plus de textos|mauvais numero|faux numero|erreur de numero|"
        "laissez moi tranquille|laisse moi tranquille|pas interesse|pas interessee|fichez moi la paix|"
        "foutez moi la paix",
    }
)

AMBIGUOUS_OPT_OUTS: Final = frozenset(
    {
        "cancel",
        "cancel all",
        "end",
        "end all",
        "remove",
        "stop it",
        "stop this",
        "stop that",
        "cancelar",
        "parar",
        "paren",
    }
)
"""Alone they end the texts; beside a sentence about an order they may be about the order."""

OPT_INS: Final[Mapping[str, Language]] = _by_word(
    {
        "en": "start|unstop|subscribe|resume|continue|opt in|optin|opt me in|resubscribe|re subscribe|subscribe me|"
        "start again|start texts|start texting me again|resume texts|unstop me|start all|sign me up again",
        "es": "alta|darme de alta|dame de alta|suscribir|suscribirme|suscribirse|iniciar|reanudar|comenzar|empezar|"
        "continuar|inicio",
        "fr": "reprendre|demarrer|commencer|continuer|abonner|m abonner|abonnez moi|me reabonner|reabonner",
    }
)

AGREEMENTS: Final[Mapping[str, Language]] = _by_word(
    {"en": "yes|y|yep|yeah|ok yes|yes yes", "es": "si|si si|acepto", "fr": "oui|oui oui|j accepte"}
)
"""Consent only as the answer to a question; at any other time "yes" says nothing about texts."""

HELPS: Final[Mapping[str, Language]] = _by_word(
    {
        "en": "help|info|information|help me",
        "es": "ayuda|informacion",
        "fr": "aide|aide moi|aidez moi|a l aide|renseignements",
    }
)

COURTESIES: Final[Mapping[str, Language]] = _by_word(
    {
        "en": "please|pls|plz|pleas|thanks|thank you|thank you very much|thank u|thankyou|thx|ty|tks|thanks a lot|"
        "kindly|sorry|cheers|have a nice day|have a good day|god bless|bye|goodbye|sir|maam",
        "es": "por favor|porfavor|porfa|gracias|muchas gracias|mil gracias|disculpe|perdon|adios|buen dia|"
        "buenos dias|buenas tardes|buenas noches|hola|saludos",
        "fr": "svp|s il vous plait|s il te plait|sil vous plait|merci|merci beaucoup|merci bien|bonjour|bonsoir|salut|"
        "desole|desolee|au revoir|bonne journee|cordialement",
    }
)
"""Stripped from both ends. French "stp" is not among them: as a text of its own it is a mistyped "stop"."""

FILLERS: Final = frozenset(
    [
        "ok",
        "okay",
        "just",
        "yes",
        "hey",
        "hi",
        "hello",
        "now",
        "asap",
        "immediately",
        "already",
        "omg",
        "guys",
        "dude",
        "everyone",
        "and",
        "so",
        "alright",
        "i said",
        "text",
        "sms",
        "ya",
        "ahora",
        "maintenant",
        "tout de suite",
    ]
)
"""What may stand around a keyword without changing it: "ok stop now", "I said stop"."""

ANSWERS: Final = _words("ok|okay|yes|yeah|alright|so|and")
"""Openings of an answer: "yes cancel" may be about what staff asked just before."""

MISSPELT: Final[Mapping[str, Language]] = {
    "stop": "en",
    "stopall": "en",
    "cancel": "en",
    "unsubscribe": "en",
    "revoke": "en",
    "optout": "en",
    "remove": "en",
    "cancelar": "es",
    "arret": "fr",
    "arreter": "fr",
    "desabonner": "fr",
}
"""Keywords long enough that one slip of the finger still shows which was meant. QUIT, ALTO and BAJA have too many
neighbours that are words of their own (quiet, auto, bajo)."""

NEIGHBOURS: Final = frozenset(
    [
        "shop",
        "shops",
        "step",
        "stow",
        "stoop",
        "stomp",
        "strop",
        "slop",
        "atop",
        "swop",
        "stob",
        "strip",
        "cancer",
        "cancels",
        "chancel",
        "revote",
        "evoke",
        "invoke",
        "revoked",
        "revokes",
        "removed",
        "remote",
        "remover",
        "removes",
        "arrest",
        "arrets",
        "barret",
        "garret",
        "carret",
        "cancelas",
        "cancelan",
        "cancelara",
        "cancelado",
        "arretera",
        "desabonnee",
    ]
)
"""Words of their own that are one letter away from a keyword."""

STOP_EMOJI: Final = frozenset("🛑⛔🚫📵🔕")
DOUBTFUL_EMOJI: Final = frozenset("✋🤚🖐🙅❌🤬🖕")

LINK: Final = r"(?i:(?<![a-z0-9])(?:https?://|www\.)\S+)"
"""Not words of the customer: "https://example.com/stop" says nothing."""

REACTION: Final = (
    r"(?:liked|loved|disliked|laughed at|emphasi[sz]ed|questioned|reacted .{1,20} to|removed an? .{1,20} from|"
    r"le gusto|le encanto|no le gusto|se rio de|enfatizo|destaco|a aime|a adore|n.a pas aime|a ri de|a reagi|"
    r"[^\w\s]{1,4} (?:to|a|a propos de))\s*[\"“«„”]"
)
"""What telephones send for a "tapback": it quotes our own text, opt-out words included."""

QUOTED_LINE: Final = r"(?im)^[ \t]*>.*$|^[ \t]*(?:on|el|le) .{1,120} (?:wrote|escribi[oó]|a +[eé]crit)[ \t]*:[ \t]*$"
SIGNATURE: Final = (
    r"(?im)^[ \t]*(?:sent +(?:from|via) +my|sent +from|enviado +desde +mi|envoy[eé] +de(?:puis)? +mon) +[^\n,:;]{1,44}$"
)
"""Lines that a telephone or a mail program adds; beside words of the customer's own they are none."""

# --- sentences -----------------------------------------------------------------------------------------------------

_NEWS: Final[Mapping[Language, str]] = {
    "en": r"(?:(?:texts?|txts?|messages?|messaging|msgs?|sms|mms|notifications?|notifs?|alerts?|updates?|spam|blasts?|ads?|"
    r"promos?|promotions?|marketing|reminders?|communications?|solicitations?|junk)\b(?! (?:me|us|when|if|once)\b))",
    "es": r"(?:(?:mensajes?|mensajitos?|textos?|sms|notificaciones|avisos|alertas|promociones|publicidad|spam)\b)",
    "fr": r"(?:(?:messages?|sms|mms|textos?|notifications?|alertes?|pubs?|publicites?|spams?|rappels?)\b)",
}
"""What we send, in the words of those who get it."""

_DOING: Final[Mapping[Language, str]] = {
    "en": r"(?:texting|txting|messaging|contacting|bothering|spamming|harassing|calling|bugging|notifying|annoying|"
    r"alerting|pestering|blowing up)\b",
    "es": r"(?:enviar|enviarme|mandar|mandarme|escribir|escribirme|contactar|contactarme|molestar|molestarme|textear|"
    r"textearme|llamar|llamarme|fastidiar|acosar|acosarme)\b",
    "fr": r"(?:m |me |nous )?(?:envoyer|ecrire|contacter|texter|harceler|spammer|deranger|embeter|appeler|solliciter|"
    r"importuner)\b",
}

_EN_BETWEEN: Final = (
    r"(?:sending|getting|receiving|with|all|any|the|these|this|those|your|ur|my|me|us|more|future|further|of|from|to|on|"
    r"order|delivery|shipping|shipment|text|sms|phone|promotional|marketing|automated|stupid|damn|fucking|annoying|"
    r"unwanted|daily|constant|so|many|subscription|service|alert)"
)
_ES_BETWEEN: Final = r"(?:los|las|el|la|estos|estas|esos|sus|tus|mis|todos|todas|de|a|recibir|enviar|mandar|envio|suscripcion|servicio|mas)"
_FR_BETWEEN: Final = (
    r"(?:les|vos|ces|tes|tous|tout|l|le|envoi|envois|de|des|d|aux|a|avec|mes|toutes|cet|cette|recevoir)"
)
_AGAIN: Final = r"(?:again|anymore|any more|ever|else|please|pls|thanks|thank you|now|immediately|already|asap)"

_FROM_EMAIL: Final = r" (?:me |us )?(?:from|of) (?:\w+ ){0,2}?(?:e ?mails?|newsletters?)\b(?! (?:and|or|sms|text))"
"""Somebody may end the e-mails and keep the texts."""

OPT_OUT_PHRASES: Final[tuple[tuple[str, Language, str], ...]] = (
    ("en.stop-doing", "en", rf"\b(?:stop|quit|cease|end|discontinue)(?: (?:all|this|the|with|your|ur|fucking)){{0,3}} {_DOING['en']}"),
    ("en.stop-news", "en", rf"\b(?:stop|stopping|quit|cease|halt|discontinue|cancel|unsubscribe|block|disable|turn off)(?: {_EN_BETWEEN}){{0,5}} {_NEWS['en']}"),
    ("en.stop-news", "en", rf"(?<!the )\bend(?: (?:all|these|the|this|those|my|your)){{0,2}} {_NEWS['en']}"),
    ("en.stop-sending", "en", rf"\b(?:stop|quit|cease) (?:sending|forwarding)(?: (?:me|us|these|this|those|them|that|it|stuff|things|anything|crap|shit|everything|garbage))*(?: {_AGAIN})*$"),
    ("en.stop-asked", "en", r"^(?:can|could|will|would|why dont|why wont) (?:you|u|ya|yall)(?: (?:please|pls|just|guys|all))* stop(?: (?:it|this|that|these|please|now))*$"),
    ("en.stop-asked", "en", r"^(?:i )?(?:want|would like|need|wish|id like)(?: (?:you|this|these|it|them|everything))? to stop(?: (?:now|please))*$|^(?:please )?make (?:it|this|them) stop$"),
    ("en.said-stop", "en", r"\bi (?:have |already |just )*(?:said|texted|sent|typed|replied|told you|asked you|wrote)(?: (?:you|to|already|please|u|with))* (?:stop|unsubscribe)\b"),
    ("en.do-not-contact", "en", rf"\b(?:dont|do not|never|no longer) (?:ever )?(?:text|txt|message|msg|contact|sms|notify|bother|spam|call)(?: or \w+)?(?: (?:me|us|(?:this|my) (?:number|phone|cell)))?(?: {_AGAIN}| (?:at|on) this number)*$"),
    ("en.do-not-send", "en", rf"\b(?:dont|do not|never) (?:ever )?send(?: (?:me|us|any|more|these|those|of|your|anymore|text|sms)){{0,4}} {_NEWS['en']}"),
    ("en.do-not-send", "en", rf"\b(?:dont|do not|never) (?:ever )?send (?:me |us )?(?:anything|these|this stuff|stuff|things|any more of these)(?: {_AGAIN})*$"),
    ("en.do-not-want", "en", rf"\b(?:dont|do not|no longer|never|not|didnt) (?:want|wish|need|care|asked?|agree|like|consent|interested|wanting)\b(?: (?!emails?\b|my\b|miss\b|lose\b|stop\b|when\b|but\b)\w+){{0,5}}? {_NEWS['en']}"),
    ("en.do-not-want", "en", r"\b(?:dont|do not|no longer|never) (?:want|wish|care) (?:you )?to (?:be (?:contacted|texted|messaged|notified|bothered)|hear from|(?:text|contact|message) me|receive (?:these|this|them|anything|any more))\b"),
    ("en.off-the-list", "en", rf"\b(?:take|remove|delete|get|drop|pull|scratch|erase) (?:me|us|(?:my|this)(?: (?:number|phone|name|info|cell)){{1,2}}) (?:off|from|out)(?: (?:of|your|the|this|these|all|any|ur|text|sms|texting|mailing|contact|calling|marketing|messaging|phone|customer|from))*(?: (?:lists?|systems?|database|records|file|contacts|group|thread|chat)\b| {_NEWS['en']})"),
    ("en.off-the-list", "en", rf"\b(?:remove|delete|erase|take off) (?:me|us|(?:my|this)(?: (?:number|phone|name|info|cell)){{1,2}})(?: (?:off|out))?(?: {_AGAIN})*$|\b(?:take|get) (?:me|my (?:number|name)|this number) off(?: {_AGAIN}| this| it)*$"),
    ("en.off-the-list", "en", r"\b(?:remove|delete) from (?:(?:your|the|this|all) )?(?:\w+ )?lists?\b|\boff (?:of )?(?:this|your|the|ur) (?:\w+ )?list\b"),
    ("en.not-interested", "en", r"\b(?:not|no longer) interested$"),
    ("en.please-stop", "en", r"\b(?:please|pls|plz) (?:just )?stop(?: (?:it|this|now|already))*$"),
    ("en.unsubscribe", "en", rf"\b(?:unsubscribe|un subscribe|unsubscribing|unsubcribe|unsuscribe|opt (?:me |us )?out|opting out|optout)\b(?!{_FROM_EMAIL})"),
    ("en.unsubscribe", "en", r"\b(?:want|like|wish|need) to be (?:unsubscribed|removed|opted out|taken off)\b"),
    ("en.enough", "en", rf"\benough (?:of|with)(?: (?:all|the|these|this|those|your|ur|damn|fucking)){{0,3}} {_NEWS['en']}"),
    ("en.stop-annoyed", "en", r"^(?:please |just |ok )*stop\b.*\b(?:annoying|annoyed|irritating|bothering me)\b"),
    ("en.revoke", "en", r"\b(?:revoke|revoking|withdraw|withdrawing)(?: (?:my|all|any|the|prior))* (?:consent|permission|opt in|authorization)\b"),
    ("en.no-more", "en", rf"\bno more(?: (?:of|these|those|your|text|sms|promotional|marketing|fucking)){{0,3}} {_NEWS['en']}|^(?:no|zero) {_NEWS['en']}$"),
    ("en.leave-alone", "en", r"\b(?:leave (?:me|us) alone|lose (?:my|this) number|go away|fuck off|piss off|get lost)\b"),
    ("en.wrong-number", "en", r"\b(?:wrong number|wrong person)\b(?! (?:of|on|for|in|at)\b)"),
    ("en.not-consented", "en", r"\b(?:never|didnt|did not) (?:sign|signed|ask|asked|agree|agreed|subscribe|subscribed|opt|opted) (?:up )?(?:for|to|into) (?:this|these|any of this)\b"),
    ("es.no-envien", "es", r"\bno (?:me |nos )?(?:envie[sn]?|mande[sn]?|escriba[sn]?|contacte[sn]?|llame[sn]?|moleste[sn]?|text[ae][sn]?|textee[sn]?)(?: (?:mas|nada|nunca mas|otra vez|a este numero|al celular))*$"),
    ("es.no-envien", "es", rf"\bno (?:me |nos )?(?:envie[sn]?|mande[sn]?|enviar|mandar|enviarme|mandarme)\b(?: (?:mas|me|estos|esos|sus|tus|los|tantos|por)){{0,3}} {_NEWS['es']}"),
    ("es.dejen-de", "es", rf"\b(?:dejen?|dejes|dejar|deja|paren?|para|parar|detengan|basta) de {_DOING['es']}(?! (?:mi|el|la|los|las) (?!{_NEWS['es']}))"),
    ("es.no-quiero", "es", rf"\bno (?:quiero|deseo|queremos|quisiera|necesito|me gustaria|autorizo|autorice)\b(?: (?!perder\w*|cancelar|mi\b|email\b|correos?\b)\w+){{0,4}}? {_NEWS['es']}"),
    ("es.no-quiero", "es", r"\bno (?:quiero|deseo) (?:recibir|que me (?:escriban|contacten|manden|envien|molesten|llamen))(?: (?:mas|nada|esto))*$"),
    ("es.baja", "es", r"\b(?:darme|dame|deme|denme|dar|darse|quiero) de baja\b|\bquiero (?:la |mi )?baja\b"),
    ("es.quiten", "es", r"\b(?:borr|elimin|quit|retir)(?:en|e|a|ar)(?:me)? (?:mi (?:numero|telefono|nombre|celular)|de (?:su|la|tu|esta) (?:lista|base))\b"),
    ("es.quiten", "es", r"\b(?:saquenme|saqueme|sacame|sacarme|borrenme|borreme|borrame|eliminenme|eliminame|quitenme|quitame)\b"),
    ("es.no-mas", "es", rf"\b(?:no|ya no|ningun) (?:mas )?{_NEWS['es']}|\balto (?:a|con) (?:los|sus|estos|tus) {_NEWS['es']}"),
    ("es.parar", "es", rf"\b(?:cancel(?:ar|en|a|e)|par(?:ar|en|e)|detener|detengan|desactivar|suspender|stop)(?: {_ES_BETWEEN}){{0,4}} {_NEWS['es']}"),
    ("es.desuscribir", "es", r"\b(?:desuscri\w+|de suscribir\w*)\b"),
    ("es.numero", "es", r"\bnumero (?:equivocado|incorrecto|erroneo)\b(?! (?:de|en)\b)|\bse equivoc(?:o|aron) de (?:numero|persona)\b"),
    ("es.en-paz", "es", r"\bdej(?:a|e|en)me en paz\b|\bno (?:me )?(?:molesten|molestes|moleste) mas\b"),
    ("fr.arretez-de", "fr", rf"\b(?:arretez?|arreter|arretes|cessez?|cesser|stoppez?|stop) (?:de |d ){_DOING['fr']}(?! (?:ma|mon|mes|la|le|les) (?!{_NEWS['fr']}))"),
    ("fr.arretez-news", "fr", rf"\b(?:arretez?|arreter|cessez?|stoppez?|stop|annulez|annuler|desactivez|desactiver)(?: {_FR_BETWEEN}){{0,5}} {_NEWS['fr']}"),
    ("fr.ne-plus", "fr", r"\bne (?:m |me |nous )?(?:envoyez|envoie|envoies|ecrivez|ecris|contactez|contacte|textez|texte|derangez|appelez|sollicitez) plus\b(?! (?:ma|mon|le|la) )"),
    ("fr.ne-plus", "fr", r"\b(?:ne |veux |souhaite )plus (?:m |me |nous )?(?:envoyer|recevoir|contacter|ecrire|texter|deranger|solliciter|appeler)\b(?! (?:ma|mon|le|la) )"),
    ("fr.ne-veux-pas", "fr", rf"\b(?:veux|souhaite|desire|veut) (?:plus|pas)\b(?: (?!manquer|rater|perdre|emails?\b|courriels?\b|ma\b|mon\b)\w+){{0,4}}? {_NEWS['fr']}"),
    ("fr.ne-veux-pas", "fr", r"\b(?:veux|souhaite|desire) (?:plus|pas) (?:etre|que vous me) (?:contactee?|derangee?|ecriviez|contactiez|sollicitee?)\b"),
    ("fr.plus-de", "fr", rf"^plus (?:de |aucun |d ){_NEWS['fr']}|\baucun {_NEWS['fr']}$"),
    ("fr.desabonner", "fr", r"\b(?:desabonn\w+|desinscri\w+)\b"),
    ("fr.retirez", "fr", r"\b(?:retir|supprim|enlev|effac|ot)(?:er?|ez)(?: moi)?(?: (?:mon|ce) (?:numero|telephone|nom)\b| de (?:votre|la|vos|cette) (?:listes?|base|fichiers?)\b)|\b(?:retirez|supprimez|enlevez) moi$"),
    ("fr.numero", "fr", r"\b(?:mauvais|faux) numero\b(?! (?:de|sur)\b)|\berreur de numero\b|\btrompez? de (?:numero|personne)\b"),
    ("fr.tranquille", "fr", r"\b(?:laissez?|laisser) (?:moi|nous) tranquilles?\b|\b(?:fichez?|foutez?) (?:moi|nous) la paix\b"),
)  # fmt: skip

GUARDED_RULES: Final = frozenset({"en.unsubscribe", "en.wrong-number", "es.numero", "fr.numero", "fr.desabonner"})
"""Phrases that speak of something else when an order, a parcel or a subscription stands beside them."""

NEGATIONS: Final[tuple[tuple[str, str], ...]] = (
    ("negated", r"\b(?:dont|do not|never) (?:(?:ever|please|you|just|to|want|mean|need|wish|plan|like|have|try|dare) ){0,3}(?:stop|quit|unsubscribe|opt out|cancel|end)\b"),
    ("negated", r"\b(?:cant|cannot|can not|wont|will not|didnt|did not|doesnt|does not|couldnt|without)(?: (?:you|just|to|want|mean|even|ever|actually))* (?:stop(?:ping)?|quit|unsubscribe|opt(?:ing)? out|cancel|end)\b(?! (?:texting|sending|messaging|contacting|bothering) (?:me|us)\b)"),
    ("negated", r"\bno (?:quiero|quise|deseo|quisiera) (?:cancelar|parar|darme de baja|desuscri\w+)\b|\bno (?:paren|dejen|cancelen|cancelar|pare|deje|parar)\b|\bno me (?:des|den|de) de baja\b"),
    ("negated", r"\b(?:n arret\w+|ne pas (?:arreter|me desabonner)|ne (?:veux|souhaite) pas (?:me |m )?(?:desabonner|desinscrire|arreter)|ne me desabonnez pas|ne me desinscrivez pas)\b"),
    ("asked", r"\b(?:did|have|has|was|am|were|are|why was|why am|why did) (?:i|you|they|we|it|my number) (?:been |just |get |accidentally |still )*(?:unsubscribed?|opt(?:ed)? out|removed|stopped)\b"),
    ("mistaken", r"\b(?:entered|put|gave|typed|wrote|used|puse|escribi|di|entre|mis) (?:\w+ ){0,3}(?:wrong number|wrong person|numero (?:equivocado|incorrecto)|mauvais numero)\b"),
    ("mistaken", r"\b(?:delivered|shipped|went|given|handed|livre|entregado) (?:\w+ ){0,3}(?:wrong (?:number|person)|mauvaise personne)\b"),
    ("idiom", r"\b(?:opt|opted|opting) out of (?:\w+ ){0,3}(?:insurance|protection|warranty|signature|tips?|tipping|survey)\b"),
)  # fmt: skip
"""Sentences that hold an opt-out word and say the opposite, ask about it, or mean something else."""

QUOTED: Final = (
    r"\b(?:reply|text|txt|texting|responde|repondez|envoyez|envia) (?:with )?(?:stop|alto|arret)\b(?: \w+){1,}"
)
"""Our own instruction, sent back: nobody can say whether it was meant."""

_OBJECTS: Final[Mapping[Language, str]] = {
    "en": r"(?:orders?|deliver(?:y|ies)|subscriptions?|shipments?|packages?|parcels?|shipping|purchases?|items?|products?|"
    r"payments?|memberships?|appointments?|bookings?|refunds?|returns?|accounts?|plans?|box|boxes|cards?|charges?|"
    r"charging|charged|autopay|auto renew\w*|renewals?|transactions?|requests?|reservations?|pre ?orders?|invoices?|"
    r"billing|exchange|pickup|carts?|address|colou?r|size|checkout|gift|shirts?|shoes?|dress|one of|half of|the rest)",
    "es": r"(?:pedidos?|ordenes|orden|envios?|entregas?|suscripcion|suscripciones|compras?|paquetes?|productos?|articulos?|"
    r"cargos?|cobros?|pagos?|cuenta|membresia|cita|reserva|devolucion|reembolso|direccion|talla|factura)",
    "fr": r"(?:commandes?|livraisons?|abonnements?|colis|achats?|envois?|articles?|produits?|paiements?|compte|rendez vous|"
    r"reservation|remboursement|retours?|adresse|taille|facture|prelevements?|expedition)",
}
OBJECT: Final = rf"\b(?:{'|'.join(_OBJECTS.values())})\b"
NEWS: Final = rf"\b(?:{'|'.join(_NEWS.values())})"

_ENDING: Final[Mapping[Language, str]] = {
    "en": r"(?:cancel\w*|stop\w*|end|ending|quit|halt|hold|pause|revoke|remove|delete|change|return|refund|close|discontinue)",
    "es": r"(?:cancel\w+|parar?|paren|detener|detengan|anul\w+|alto|baja|quit\w+|elimin\w+|suspend\w+|devol\w+|cambi\w+|dejen)",
    "fr": r"(?:annul\w+|arret\w+|stopp\w+|stop|suspend\w+|resili\w+|supprim\w+|retir\w+|rembours\w+|modifi\w+|cancel\w*)",
}
SERVICE_REQUESTS: Final[tuple[tuple[str, str], ...]] = tuple(
    (f"{language}.service-request", pattern)
    for language, ending in _ENDING.items()
    for pattern in (
        rf"\b{ending}\b(?: \w+){{0,6}}? {_OBJECTS[language]}\b",
        rf"\b{_OBJECTS[language]}\b(?: \w+){{0,6}}? {ending}\b",
    )
)
"""A verb of ending with an object that is the shop's business: the customer wants a service, not silence."""

IDIOM: Final = "|".join(
    (
        r"\b(?:bus|truck|tram|train|metro|pit|full|non|one|whistle|rest|door|first|next|last|final) stop\b",
        r"\bstop (?:by|in|over|at|raining|snowing|working|signs?|watch|motion|shop|making sense|and (?:shop|go|get|pick|see)|for (?:gas|food|lunch))\b",
        r"\bstop on (?:the|my) way\b|\b(?:end|quit) of\b|\b(?:in|at|by|to|near|until|till) the (?:\w+ )?end\b",
        r"\b(?:will|would|does|did) (?:it|he|she|this|that|they|the \w+|we|i) (?:ever )?stop\b",
        r"\b(?:it|he|she|they|that|app|site|page|link|website|tracking|machine) (?:stops|quit|ended|stopped)\b",
        r"\barret (?:de |du )?(?:bus|tram|metro)\b|\b(?:bus|l|un) arret\b|\barret maladie\b",
    )
)
"""Ways of speech in which the word has nothing to do with texts."""

DOUBTFUL_PHRASES: Final[tuple[tuple[str, Language, str], ...]] = (
    ("en.stop-first", "en", r"^(?:please |just |ok |no )*(?:stop|quit|unsubscribe|revoke|stopall|optout)\b"),
    ("en.stop-last", "en", r"\b(?:stop|unsubscribe|optout|stopall)(?: (?:it|this|that|now|please|already))*$"),
    ("en.cancel-it", "en", r"^(?:please |just |yes |no )*(?:cancel|end|remove|delete) (?:it|this|that|these|them|me|everything|mine|us)$"),
    ("en.want-to-end", "en", r"^(?:i )?(?:want|would like|id like|need|like|wish) to (?:cancel|stop|quit|end)$"),
    ("en.annoyed", "en", r"\b(?:im|i am|i will|ill|going to|gonna) (?:be )?(?:report\w*|block\w*|su(?:e|ing))\b|\b(?:harass\w*|spam\w*|scam\w*|shut up|screw you|fuck|fucking)\b"),
    ("en.unwanted", "en", r"\b(?:dont|do not|didnt|never) (?:want|like|need|ask for|consent to) (?:this|these|that|it|them)\b"),
    ("en.not-now", "en", r"\b(?:dont|do not) (?:text|message|contact|call|write|bother) (?:me|us|this|my)\b"),
    ("en.who", "en", r"\b(?:how did you get (?:my|this) number|why are you (?:texting|contacting|messaging) me|not my (?:order|number)|this (?:isnt|is not) \w+s? (?:number|phone)|no longer (?:\w+ )?(?:number|phone))\b"),
    ("en.enough", "en", r"^(?:enough|thats enough|enough already|too many (?:texts|messages)|nope|no no no)$"),
    ("en.email", "en", r"\b(?:stop|quit|no more|unsubscribe|opt (?:me |us )?out) (?:\w+ ){0,4}?(?:e ?mails?|e ?mailing|newsletters?)\b"),
    ("es.cancelar", "es", r"^(?:quiero |por favor |favor de )*(?:cancelar|cancela|cancele|cancelen|anular|parar|eliminar|borrar|suspender)(?: (?:todo|esto|eso|lo|ya))*$"),
    ("es.molesto", "es", r"\b(?:es spam|estafa|los voy a (?:reportar|denunciar|bloquear)|como consiguieron mi numero|no quiero (?:esto|nada))\b|^alto\b"),
    ("fr.annuler", "fr", r"^(?:je veux |svp )*(?:annuler|annulez|supprimer|supprimez|resilier|resiliez|fin|terminer)(?: (?:tout|ca|cela))*$|^tout (?:annuler|supprimer)$"),
    ("fr.fache", "fr", r"\b(?:du (?:spam|harcelement)|arnaque|je vais (?:vous )?(?:signaler|bloquer)|comment avez vous eu mon numero|ca suffit|veux pas de ca)\b"),
    ("fr.arret", "fr", r"^arret\w*\b"),
)  # fmt: skip
"""Neither clearly one nor the other: texts to this phone are held and the staff is told."""
