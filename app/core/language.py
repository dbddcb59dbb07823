"""The reader's language: which one it is, its catalogue, and how it writes dates, numbers and money.

English is the source: what a catalogue does not have is shown in English. The catalogues are read when a language is
first needed. Sentences of the rest of the program (reasons, checks, refusals) are English there and are translated
here, at the edge, also those that carry a value: `catalogues.py` collects them from the code.
Source: Shopify, "Localizing your app" (`locale` in the query of a document, `Accept-Language` on App Bridge's fetches).
"""

import io
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final

from babel import Locale
from babel.dates import format_date, format_datetime, format_skeleton, format_time, get_timezone_name
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_currency, format_decimal, format_percent
from babel.support import Translations
from babel.units import format_unit
from starlette.requests import Request

from app.core.static_files import WEB

LOCALES: Final = WEB / "locales"
SOURCE: Final = "en"
AVAILABLE: Final = ("en", "de", "es", "fr")
COUNTRIES: Final = "countries"
"""The place in a sentence for what `in_english` wrote. In any other place "Georgia" may be what a shop is called."""
_PLACE: Final = re.compile(rf"\\\{{(\d|{COUNTRIES})\\\}}")
"""A place for a value in a sentence, after `re.escape`."""


def language_of(request: Request) -> "Language":
    """What the admin says in the address, else what the fetch or the browser asks for."""
    named = request.query_params.get("locale", "")
    return language(choose([named, *_by_preference(request.headers.get("accept-language", ""))]))


def choose(wanted: Iterable[str]) -> str:
    """The first language of *wanted* that there is a catalogue for; regions and scripts do not matter."""
    for tag in wanted:
        code = re.split(r"[-_]", tag.strip().lower())[0]
        if code in AVAILABLE:
            return code
    return SOURCE


@dataclass(frozen=True, slots=True)
class Language:
    code: str
    direction: str
    translations: Translations
    locale: Locale
    patterns: tuple[tuple[re.Pattern[str], str], ...]

    def gettext(self, text: str) -> str:
        return str(self.translations.ugettext(text)) if text else ""

    def ngettext(self, one: str, many: str, count: int) -> str:
        return str(self.translations.ungettext(one, many, count))

    def told(self, sentence: str | None) -> str:
        """A sentence of the program, in this language; as it is where no catalogue has it."""
        if not sentence or self.code == SOURCE:
            return sentence or ""
        translated = self.gettext(sentence)
        if translated != sentence:
            return translated
        for pattern, text in self.patterns:
            found = pattern.fullmatch(sentence)
            if found is not None:
                # Not `format`: a sentence about Liquid has braces of its own.
                for group, value in found.groupdict().items():
                    place = group.removeprefix("_")
                    shown = self._countries(value) if place == COUNTRIES else self.told(value)
                    text = text.replace(f"{{{place}}}", shown)
                return text
        return sentence

    def _countries(self, listed: str) -> str:
        """What `in_english` wrote, in this language."""
        codes = [_codes_by_name().get(name) for name in listed.split(", ")]
        return ", ".join(self.country(code) for code in codes if code) if all(codes) else listed

    def number(self, value: float) -> str:
        return _number(self.code, value)

    def percent(self, share: float) -> str:
        return str(format_percent(share, format=None if share in (0, 1) else "0.0%", locale=self.locale))

    def money(self, amount: float, currency: str = "USD") -> str:
        """Small prices keep four digits, because a text costs about a cent."""
        pattern = self.locale.currency_formats["standard"].pattern
        if 0 < amount < 1:
            pattern = re.sub(r"\.0+", ".00##", pattern)
        return str(format_currency(amount, currency, format=pattern, locale=self.locale, currency_digits=False))

    def day(self, day: date) -> str:
        return str(format_skeleton("MMMd", day, locale=self.locale))

    def day_and_year(self, day: date) -> str:
        return str(format_date(day, "medium", locale=self.locale))

    def clock(self, moment: datetime) -> str:
        return str(format_time(moment, "short", locale=self.locale))

    def time(self, written: str) -> str:
        """A time of day that is kept as "20:00"."""
        return self.clock(datetime.strptime(written, "%H:%M").replace(tzinfo=UTC))

    def weekday(self, number: int) -> str:
        """In short; Monday is 0."""
        return str(self.locale.days["stand-alone"]["abbreviated"][number])

    def moment(self, moment: datetime) -> str:
        """To the second, with its time zone."""
        written = format_datetime(moment, "medium", tzinfo=moment.tzinfo, locale=self.locale)
        return f"{written} {moment:%Z}"

    def days(self, count: int) -> str:
        return str(format_unit(count, "duration-day", locale=self.locale))

    def minutes(self, count: int) -> str:
        return str(format_unit(count, "duration-minute", locale=self.locale))

    def zone(self, name: str) -> str:
        city = name.rsplit("/", 1)[-1].replace("_", " ")
        return f"{get_timezone_name(name, width='long', zone_variant='generic', locale=self.locale)} ({city})"

    def country(self, code: str) -> str:
        return str(self.locale.territories.get(code, code))

    def name_of(self, locale: str) -> str:
        """What *locale* is called in this language, for the start of a line."""
        name = str(self.locale.languages.get(re.split(r"[-_]", locale.lower())[0], locale))
        return name[:1].upper() + name[1:]


def in_english(countries: Iterable[str]) -> str:
    """The names of these countries, called right inside a sentence of the program: `catalogues.py` sees the call there
    and names its place `COUNTRIES`, so that `told` says them in the reader's language."""
    return ", ".join(language(SOURCE).country(code) for code in countries)


@cache
def _codes_by_name() -> dict[str, str]:
    names = language(SOURCE).locale.territories
    return {str(name): code for code, name in names.items() if len(code) == 2}


@cache
def language(code: str) -> Language:
    locale = Locale.parse(code)
    catalogue = read_catalogue(code)
    sentences = [each for each in catalogue or () if isinstance(each.id, str) and each.string]
    with_places = [each for each in sentences if _PLACE.search(re.escape(each.id))]
    # The most particular first: a sentence that is almost only places would fit everything.
    with_places.sort(key=lambda each: -len(_PLACE.sub("", re.escape(each.id))))
    patterns = tuple((_pattern(each.id), each.string) for each in with_places)
    return Language(code, locale.text_direction, _compiled(catalogue), locale, patterns)


def _pattern(sentence: str) -> re.Pattern[str]:
    """A place that comes twice has the same value there."""
    met: set[str] = set()

    def group(place: re.Match[str]) -> str:
        name = f"_{place[1]}"
        again = name in met
        met.add(name)
        return f"(?P={name})" if again else f"(?P<{name}>.+)"

    return re.compile(_PLACE.sub(group, re.escape(sentence)), re.DOTALL)


@lru_cache(maxsize=4096)
def _number(code: str, value: float) -> str:
    """A page of figures writes the same small numbers hundreds of times."""
    return str(format_decimal(value, locale=language(code).locale))


def read_catalogue(code: str) -> Any:
    path = catalogue_path(code)
    if code == SOURCE or not path.exists():
        return None
    with path.open("rb") as file:
        return read_po(file, locale=code)


def catalogue_path(code: str) -> Path:
    return LOCALES / code / "LC_MESSAGES" / "messages.po"


def _compiled(catalogue: Any) -> Translations:
    if catalogue is None:
        return Translations()
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return Translations(compiled)


def _by_preference(header: str) -> list[str]:
    weighed = []
    for part in header.split(","):
        tag, _, parameters = part.partition(";")
        quality = re.search(r"q=([01](?:\.\d{0,3})?)", parameters)
        weighed.append((float(quality.group(1)) if quality else 1.0, tag))
    return [tag for weight, tag in sorted(weighed, key=lambda each: -each[0]) if weight > 0]
