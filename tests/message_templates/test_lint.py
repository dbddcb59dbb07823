import pytest

from app.message_templates.defaults import DEFAULTS, HELP_REPLY_PRESET
from app.message_templates.lint import has_errors, lint

GOOD = "{{ shop.name }}: order {{ order.name }} is confirmed. Reply STOP to opt out."


def codes(text: str, kind: str = "order_confirmed", locale: str = "en") -> list[str]:
    return [finding.code for finding in lint(text, kind, locale)]


@pytest.mark.parametrize(("kind", "locale"), [(kind, locale) for kind, texts in DEFAULTS.items() for locale in texts])
def test_no_default_has_a_finding(kind: str, locale: str) -> None:
    assert lint(DEFAULTS[kind][locale], kind, locale) == []


def test_the_help_preset_may_be_saved() -> None:
    findings = lint(HELP_REPLY_PRESET, "help_reply", "en")
    assert [finding.code for finding in findings] == ["no_brand"]
    assert not has_errors(findings)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "empty"),
        (" \n ", "empty"),
        ("{{ shop.name", "bad_template"),
        ("{% for x in y %}{% endfor %}", "bad_template"),
        ("Your order is confirmed. Reply STOP to opt out.", "no_brand"),
        ("{% if tracking.url %}{{ shop.name }}{% endif %} Reply STOP to opt out.", "no_brand"),
        ("{% comment %}{{ shop.name }}{% endcomment %} Reply STOP to opt out.", "no_brand"),
        ("{{ shop.name }}: your order is confirmed.", "no_opt_out"),
        ("{{ shop.name }}: stop by our store soon!", "no_opt_out"),
        ("{{ shop.name }}: it never stops. In the end we win.", "no_opt_out"),
        ("{{ shop.name }} https://shop.example/STOP", "no_opt_out"),
        ("{{ shop.name }}{% if order.total %} Reply STOP to opt out.{% endif %}", "no_opt_out"),
        (GOOD + " {{ customer.nmae }}", "unknown_variable"),
        (GOOD + " {{ tracking.url }}", "unknown_variable"),
        (GOOD + " {{ now }}", "unknown_variable"),
        (GOOD + " Hi [Name]", "placeholder"),
        (GOOD + " Hi {first_name}", "placeholder"),
        (GOOD + " Hi %name%", "placeholder"),
        (GOOD + " Hi <name>", "placeholder"),
        (GOOD + " Hi ${name}", "placeholder"),
        (GOOD + " https://bit.ly/3xyz", "link_shortener"),
        (GOOD + " see tinyurl.com/abc", "link_shortener"),
        (GOOD + " {{ 'https://BIT.LY/x' }}", "link_shortener"),
        (GOOD + " {{ customer.name }}" + " {{ order.status_url }}" * 8, "too_long"),
    ],
)
def test_errors(text: str, code: str) -> None:
    findings = {finding.code: finding.level for finding in lint(text, "order_confirmed", "en")}
    assert findings.get(code) == "error"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (GOOD + " https://shop.example/a https://other.example/b", "several_domains"),
        (GOOD + " {{ order.status_url }}" * 4, "many_segments"),
        (GOOD + " You’re great", "unicode"),
        (GOOD + " 🎉", "unicode"),
        (GOOD + " Get 20% off today", "promotional"),
        (GOOD + " Huge SALE!", "promotional"),
        (GOOD + " Usa el cupón HOLA", "promotional"),
        (GOOD + " Profitez des soldes", "promotional"),
        (GOOD + " Your CBD oil", "forbidden_topic"),
        (GOOD + " Best wine", "forbidden_topic"),
    ],
)
def test_warnings(text: str, code: str) -> None:
    findings = lint(text, "order_confirmed", "en")
    assert code in {finding.code for finding in findings if finding.level == "warning"}
    assert not [finding for finding in findings if finding.level == "error" and finding.code != "too_long"]


@pytest.mark.parametrize(
    ("locale", "words"),
    [
        ("en", "Reply STOP to opt out."),
        ("en", "Text stop to end these."),
        ("en", "STOP=end"),
        ("en", "Reply UNSUBSCRIBE to opt out"),
        ("en", "txt CANCEL 2 end"),
        ("es", "Responde STOP para no recibir mensajes."),
        ("es-MX", "Envía ALTO para darte de baja."),
        ("es", "Responde baja para salir"),
        ("fr", "Répondez STOP pour ne plus recevoir de SMS."),
        ("fr-CA", "Répondez ARRÊT."),
        ("fr", "Envoyez ARRET pour arrêter"),
        ("de", "Antworten Sie STOP."),
    ],
)
def test_ways_out_that_are_accepted(locale: str, words: str) -> None:
    assert "no_opt_out" not in codes("{{ shop.name }}: order confirmed. " + words, locale=locale)


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        GOOD + " Wholesale order, ideal, Charlotte Freeman",
        GOOD + " ({{ order.total }}) [1] 100% safe",
        GOOD + " https://www.shop.example/a and shop.example/b",
        GOOD + " mail help@shop.example",
        "{{ shop.name | upcase }}: thanks! Reply STOP to opt out.",
    ],
)
def test_nothing_to_say(text: str) -> None:
    assert codes(text) == []


def test_the_shop_name_written_out_counts_when_it_is_known() -> None:
    text = "Acme: order confirmed. Reply STOP to opt out."
    assert [finding.code for finding in lint(text, "order_confirmed", "en")] == ["no_brand"]
    assert lint(text, "order_confirmed", "en", brand="ACME") == []


def test_a_confirmation_of_stop_needs_the_brand_but_no_way_out() -> None:
    assert codes("{{ shop.name }}: you are unsubscribed.", "stop_confirmation") == []
    assert codes("You are unsubscribed.", "stop_confirmation") == ["no_brand"]


def test_positions_point_into_the_template() -> None:
    text = "{{ shop.name }}: Hi [Name], it’s {{ foo }}. Reply STOP to opt out."
    found = {finding.code: finding.position for finding in lint(text, "order_confirmed", "en")}
    assert found == {
        "unknown_variable": text.index("foo"),
        "placeholder": text.index("["),
        "unicode": text.index("’"),
    }


def test_the_sentence_names_the_character_and_its_plain_form() -> None:
    (finding,) = lint(GOOD + " it’s", "order_confirmed", "en")
    assert "“’” (write “'”)" in finding.sentence


def test_errors_come_first() -> None:
    levels = [finding.level for finding in lint("SALE’s on [Name] {{ foo }}", "order_confirmed", "en")]
    assert levels == sorted(levels)
    assert levels[0] == "error"
    assert levels[-1] == "warning"
