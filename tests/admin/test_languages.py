"""Every language is whole, no page says what cannot be translated, and dates and money are the reader's."""

import re
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po
from jinja2 import Environment, nodes

from app.admin.catalogues import all_phrases, updated
from app.admin.wording import CAMPAIGN_STATES
from app.core.language import AVAILABLE, SOURCE, catalogue_path, choose, in_english, language
from app.core.static_files import WEB
from app.messages.kinds import kinds
from app.messages.reasons import Reason
from app.sms.providers.ringcentral.numbers import CAMPAIGN_NOT_CONFIRMED
from app.wiring import load_declarations
from tests.admin.test_pages import PAGES, everything_happened
from tests.world import SHOP, World

TRANSLATED = [code for code in AVAILABLE if code != SOURCE]
IN_ENGLISH = {"evidence.html", "evidence_head.html", "api_reference.html"}
"""A record for others to check, in the language of what it holds; a reference for programmers."""
TEMPLATES = [path for path in sorted((WEB / "templates").rglob("*.html")) if path.name not in IN_ENGLISH]
NAMES = {
    "STOP",
    "HELP",
    "SMS for Ecommerce",
    "RingCentral",
    "JWT",
    "· SMS for Ecommerce",
    "Shopify",
    "OpenAPI",
    "/api/v1",
}
NAMES |= {"https://example.com/webhooks"}
"""What is called the same in every language."""
READ = {
    "aria-label",
    "accessibilitylabel",
    "data-done",
    "details",
    "heading",
    "label",
    "placeholder",
    "subheading",
    "title",
}
FOR_MACHINES = re.compile(r"\+\d{8,15}\b|\bUS, CA\b|\((?:US|CA)\)|\bRingCentral says [A-Z]")
PLACES = re.compile(r"%\(\w+\)s|\{\w+\}")


def catalogue_of(code: str) -> Catalog:
    with catalogue_path(code).open("rb") as file:
        return read_po(file, locale=code)


@pytest.mark.parametrize("code", TRANSLATED)
def test_no_phrase_is_missing_fuzzy_or_forgotten(code: str) -> None:
    catalogue = catalogue_of(code)
    known = {
        message.id if isinstance(message.id, str) else message.id[0]: message for message in catalogue if message.id
    }
    wanted = {phrase if isinstance(phrase, str) else phrase[0] for phrase in all_phrases()}
    assert wanted - set(known) == set(), "run: python -m app.admin.catalogues"
    assert set(known) - wanted == set(), "run: python -m app.admin.catalogues"
    unfinished = [
        name
        for name, message in known.items()
        if message.fuzzy or not all(message.string if isinstance(message.string, tuple) else [message.string])
    ]
    assert unfinished == []
    assert [message.id for message in updated(code) if message.id and not message.string] == []


@pytest.mark.parametrize("code", TRANSLATED)
def test_a_translation_keeps_its_places_and_brings_no_markup(code: str) -> None:
    for message in catalogue_of(code):
        if not message.id:
            continue
        originals = [message.id] if isinstance(message.id, str) else list(message.id)
        for text in [message.string] if isinstance(message.string, str) else message.string or ():
            assert sorted(PLACES.findall(text)) == sorted(PLACES.findall(originals[0])), text
            assert not re.search(r'[<>"&]', text), text


class Literals(HTMLParser):
    """What a template says by itself, once everything that Jinja writes is taken out."""

    def __init__(self) -> None:
        super().__init__()
        self.said: list[str] = []
        self._silent = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent = tag in ("script", "style")
        self.said += [value for name, value in attrs if name in READ and value]

    def handle_endtag(self, tag: str) -> None:
        self._silent = False

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.said.append(data)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_no_template_says_anything_untranslated(path: Path) -> None:
    source = path.read_text()
    parser = Literals()
    parser.feed(re.sub(r"\{#.*?#\}|\{%.*?%\}|\{\{.*?\}\}", "", source, flags=re.DOTALL))
    said = [" ".join(text.split()) for text in parser.said]
    assert [text for text in said if re.search(r"[^\W\d_]{2,}", text) and text not in NAMES] == []
    assert _phrases_outside_gettext(source) == []


def _phrases_outside_gettext(source: str) -> list[str]:
    """Strings in expressions that look like something to read: they begin with a capital and go on in small letters."""
    tree = Environment(extensions=["jinja2.ext.i18n"]).parse(source)
    marked = {
        id(each)
        for call in tree.find_all(nodes.Call)
        if isinstance(call.node, nodes.Name) and call.node.name in ("_", "gettext", "ngettext")
        for each in call.find_all(nodes.Const)
    }
    strings = [
        each.value for each in tree.find_all(nodes.Const) if id(each) not in marked and isinstance(each.value, str)
    ]
    return [text for text in strings if re.match(r"[A-Z][a-z]+\b", text) and text not in NAMES]


def test_the_reader_s_language_is_found() -> None:
    assert choose(["", "fr-CA"]) == "fr"
    assert choose(["pt-BR", "es"]) == "es"
    assert choose(["ja"]) == "en"


def test_dates_numbers_and_money_are_written_as_the_reader_writes_them() -> None:
    moment = datetime(2026, 11, 23, 17, 5, tzinfo=UTC)
    german, english = language("de"), language("en")
    assert (german.number(12345.5), english.number(12345.5)) == ("12.345,5", "12,345.5")
    assert (german.clock(moment), english.clock(moment)) == ("17:05", "5:05\u202fPM")
    assert (german.day(moment.date()), english.day(moment.date())) == ("23. Nov.", "Nov 23")
    assert (german.money(0.0119), english.money(12.5)) == ("0,0119\xa0$", "$12.50")
    assert (german.percent(0.973), english.percent(1)) == ("97,3%", "100%")


def test_sentences_of_the_program_are_told_with_their_values() -> None:
    german = language("de")
    assert german.told("The order was canceled.") == "Die Bestellung wurde storniert."
    assert german.told("Texts leave from +16505550100.") == "SMS gehen von +16505550100 aus."
    assert german.told("There is no variable {{ order.nam }}. Pick one from the list.").startswith(
        "Die Variable {{ order.nam }}"
    )
    assert german.told("Something nobody has written down") == "Something nobody has written down"


def test_every_state_of_a_campaign_is_said_in_plain_words() -> None:
    assert {*CAMPAIGN_NOT_CONFIRMED, "Confirmed"} == set(CAMPAIGN_STATES)
    for state, sentence in CAMPAIGN_NOT_CONFIRMED.items():
        assert not re.search(rf"\b{state}\b", sentence)
        assert all(language(code).told(sentence) != sentence for code in TRANSLATED), state


def what_only_machines_read(page: str) -> list[str]:
    """Numbers that nobody writes like this, codes of countries in lists, and words quoted from RingCentral."""
    parser = Literals()
    parser.feed(page)
    return [found for text in parser.said for found in FOR_MACHINES.findall(text)]


def test_countries_in_a_sentence_are_called_as_the_reader_calls_them() -> None:
    german = language("de")
    sentence = f"You text to {in_english(['US', 'CA', 'DE'])}; other countries are skipped, with a reason."
    assert sentence.startswith("You text to United States, Canada, Germany;")
    assert "Vereinigte Staaten, Kanada, Deutschland" in german.told(sentence)
    assert "(Vereinigte Staaten)" in german.told(f"You send to this country ({in_english(['US'])})")


@pytest.mark.parametrize("shop", ["Georgia", "Jordan", "Jersey, Chad"])
def test_a_shop_that_is_called_like_a_country_keeps_its_name(shop: str) -> None:
    for code in AVAILABLE:
        assert f" {shop}" in language(code).told(f"+12125550123 wrote to {shop}:"), code
        assert language(code).told(shop) == shop


async def test_pages_and_refusals_speak_the_reader_s_language(world: World) -> None:
    await everything_happened(world)
    for code, home in (("en", "Today"), ("de", "Heute"), ("es", "Hoy"), ("fr", "Aujourd’hui")):
        query = world.shopify.document_query(SHOP, "/", locale=code)
        page = (await world.http.get(f"{world.url}/?{query}")).text
        assert f'<html lang="{code}" dir="ltr">' in page
        assert f'heading="{home}"' in page
        for path in PAGES:
            answer = await world.http.get(f"{world.url}{path}?{world.shopify.document_query(SHOP, path, locale=code)}")
            assert answer.status_code == 200, path
            assert what_only_machines_read(answer.text) == [], path
    query = world.shopify.document_query(SHOP, "/messages", locale="de")
    assert "Der Kunde hat SMS nicht zugestimmt." in (await world.http.get(f"{world.url}/messages?{query}")).text
    refused = await world.http.put(
        f"{world.url}/api/admin/settings",
        headers={
            "Authorization": f"Bearer {world.shopify.id_token(SHOP)}",
            "Accept-Language": "de-DE,de;q=0.9,en;q=0.5",
        },
        json={"countries": []},
    )
    assert refused.json() == {"errors": {"countries": "Erlauben Sie mindestens ein Land."}}


def test_every_text_and_every_reason_of_the_program_is_in_the_catalogues() -> None:
    """Also one in a module that `SPEAKING` does not name yet."""
    load_declarations()
    known = set(all_phrases())
    said = {text for kind in kinds.kinds.values() for text in (kind.label, kind.description)}
    ours = [module for name, module in sys.modules.items() if name.startswith("app.")]
    said |= {each.sentence for module in ours for each in vars(module).values() if isinstance(each, Reason)}
    assert len(said) > 60
    assert said - known == set()
