"""What every page that a template makes has in common: the reader's language, and how times are written.

A phrase is marked `_("…")`; each language has an environment with its catalogue. What is not a phrase of the page but a
sentence of the program goes through the filter `told`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from app.core.language import Language
from app.core.phone import readable
from app.core.static_files import WEB


def environment(reader: Language, **filters: Callable[..., Any]) -> Environment:
    """Templates below `web/templates` for this reader; *filters* come on top of `phone`, `told` and `number`."""
    templates = Environment(
        loader=FileSystemLoader(WEB / "templates"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # What the i18n extension adds at run time is unknown to the type checker.
    install: Any = templates.__getattribute__("install_gettext_callables")
    install(reader.gettext, reader.ngettext, newstyle=True)
    templates.filters.update(phone=readable, told=reader.told, number=reader.number, **filters)
    return templates


@dataclass(frozen=True, slots=True)
class Moments:
    """Times as people in the shop's zone read them: today's by the clock, others with their day."""

    zone: ZoneInfo
    now: datetime
    language: Language

    def short(self, moment: str | datetime | None) -> str:
        local, now = self.local(moment), self.now.astimezone(self.zone)
        if local is None:
            return ""
        clock = self.language.clock(local)
        if local.date() == now.date():
            return clock
        if local.year == now.year:
            return f"{self.language.day(local.date())}, {clock}"
        return self.language.day_and_year(local.date())

    def ahead(self, moment: str | datetime | None) -> bool:
        local = self.local(moment)
        return local is not None and local > self.now

    def day(self, moment: datetime) -> str:
        local = moment.astimezone(self.zone).date()
        near = local.year == self.now.astimezone(self.zone).year
        return self.language.day(local) if near else self.language.day_and_year(local)

    def full(self, moment: str | datetime | None) -> str:
        local = self.local(moment)
        return "" if local is None else self.language.moment(local)

    def local(self, moment: str | datetime | None) -> datetime | None:
        if moment is None:
            return None
        known = datetime.fromisoformat(moment) if isinstance(moment, str) else moment
        aware = known if known.tzinfo is not None else known.replace(tzinfo=UTC)
        return aware.astimezone(self.zone)
