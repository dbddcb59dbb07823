import pytest

from app.message_templates.defaults import DEFAULTS, HELP_REPLY_PRESET, default_text
from app.message_templates.render import compile_template
from app.message_templates.segments import Encoding, count_segments
from app.message_templates.variables import ORDER_KINDS, longest_values, sample_values

ALL = [(kind, locale) for kind, texts in DEFAULTS.items() for locale in texts]


def test_english_order_texts_are_the_published_wording() -> None:
    assert default_text("order_confirmed", "en") == (
        "Hi {{ customer.name }}, your {{ shop.name }} order {{ order.name }} has been confirmed. You can view your "
        "order details at {{ order.status_url }} Reply STOP to opt-out."
    )
    assert default_text("order_fulfilled", "en") == (
        "Hi {{ customer.name }}, your {{ shop.name }} order {{ order.name }} has been fulfilled. You can view your "
        "order details at {{ order.status_url }}{% if tracking.url %} Track it at {{ tracking.url }}{% endif %} Reply "
        "STOP to opt-out."
    )
    assert HELP_REPLY_PRESET == (
        "Please call {{ shop.phone }} for more information, or text STOP to stop these messages. "
        "Msg & Data rates may apply."
    )
    assert default_text("stop_confirmation", "en") == (
        "{{ shop.name }}: You are unsubscribed and will get no more texts. Reply START to resume."
    )


@pytest.mark.parametrize(
    ("locale", "starts"),
    [
        ("en", "Hi"),
        ("en-GB", "Hi"),
        ("es", "Hola"),
        ("es-MX", "Hola"),
        ("es_419", "Hola"),
        ("ES-mx", "Hola"),
        ("fr-CA", "Bonjour"),
        ("fr-Latn-CA", "Bonjour"),
        ("de", "Hi"),
        ("esperanto", "Hi"),
        ("", "Hi"),
        (None, "Hi"),
    ],
)
def test_closest_language(locale: str | None, starts: str) -> None:
    assert default_text("order_confirmed", locale).startswith(starts)


def test_a_kind_without_default_is_an_error() -> None:
    with pytest.raises(KeyError):
        default_text("no_such_kind", "en")


@pytest.mark.parametrize(("kind", "locale"), ALL)
def test_defaults_stay_within_gsm_7(kind: str, locale: str) -> None:
    text = compile_template(DEFAULTS[kind][locale]).render(longest_values(kind))
    assert count_segments(text).encoding is Encoding.GSM_7


@pytest.mark.parametrize(("kind", "locale"), [case for case in ALL if case[0] not in ORDER_KINDS])
def test_replies_fit_two_segments(kind: str, locale: str) -> None:
    text = compile_template(DEFAULTS[kind][locale]).render(longest_values(kind))
    assert count_segments(text).segments <= 2


@pytest.mark.parametrize("locale", ["en", "es", "fr"])
def test_help_reply_names_brand_contact_frequency_rates_and_stop(locale: str) -> None:
    text = compile_template(DEFAULTS["help_reply"][locale]).render(sample_values("help_reply"))
    rates = {"en": "rates may apply", "es": "tarifas", "fr": "frais"}[locale]
    often = {"en": "frequency", "es": "frecuencia", "fr": "fréquence"}[locale]
    assert all(part in text for part in ("Demo Store", "+16505550199", rates, often, "STOP"))


@pytest.mark.parametrize("locale", ["en", "es", "fr"])
def test_an_order_without_tracking_says_nothing_of_it(locale: str) -> None:
    values = sample_values("order_fulfilled")
    template = compile_template(DEFAULTS["order_fulfilled"][locale])
    with_tracking = template.render(values)
    del values["tracking"]
    assert "ups.com" in with_tracking
    assert "ups.com" not in template.render(values)
    assert "  " not in template.render(values)
