"""Whose an order of Shopify is: rules over its discount codes, tags, note attributes, landing page, tried in order.

A rule looks at one field. Its pattern is a text, compared without regard to case, in which one `*` stands for anything;
an empty pattern fits every value. A rule either names an account, or takes what the `*` stands for (without a pattern
the whole value) as the account's own id, its `connect_id`: "affiliate:*" on order tags serves every affiliate at once.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl, urlsplit

from app.core.errors import Invalid
from app.core.whole_number import LARGEST_ID

DISCOUNT_CODE, ORDER_TAG, NOTE_ATTRIBUTE = "discount_code", "order_tag", "note_attribute"
CUSTOMER_TAG, LANDING_PAGE = "customer_tag", "landing_page"
FIELDS: Final = (DISCOUNT_CODE, ORDER_TAG, NOTE_ATTRIBUTE, CUSTOMER_TAG, LANDING_PAGE)
NAMED: Final = (NOTE_ATTRIBUTE, LANDING_PAGE)
"""Fields of which one has to be named: the attribute, or the parameter of the page's address."""
MOST_RULES: Final = 50
LONGEST: Final = 200
UTM: Final = ("source", "medium", "campaign", "term", "content")


@dataclass(frozen=True)
class Rule:
    """*name*: which attribute or parameter. *account_id* None: the value names the account by its connect_id."""

    field: str
    name: str
    pattern: str
    account_id: int | None


@dataclass(frozen=True)
class Marks:
    """What an order carries. *customer_tags* None: not known yet. *landing*: parameters of the pages it came by."""

    discount_codes: tuple[str, ...] = ()
    order_tags: tuple[str, ...] = ()
    note_attributes: tuple[tuple[str, str], ...] = ()
    customer_tags: tuple[str, ...] | None = ()
    landing: tuple[tuple[str, str], ...] = ()

    def values(self, rule: Rule) -> tuple[str, ...] | None:
        """What *rule* looks at; None: not known yet."""
        match rule.field:
            case "discount_code":
                return self.discount_codes
            case "order_tag":
                return self.order_tags
            case "customer_tag":
                return self.customer_tags
            case "note_attribute":
                return _named(self.note_attributes, rule.name)
            case _:
                return _named(self.landing, rule.name)


@dataclass(frozen=True)
class Accounts:
    """The accounts that may own an order: living ones by id, and their ids by connect_id in lower case."""

    living: frozenset[int] = frozenset()
    by_connect_id: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Match:
    """*position*: which rule, from 0. *value*: what it found."""

    account_id: int
    position: int
    value: str


class Undecided:
    """A rule that comes first looks at something that is not known yet."""


UNDECIDED: Final = Undecided()


def match(rules: Sequence[Rule], marks: Marks, accounts: Accounts) -> Match | Undecided | None:
    """The first rule that finds a living account; None: it is nobody's."""
    for position, rule in enumerate(rules):
        values = marks.values(rule)
        if values is None:
            return UNDECIDED
        for value in values:
            account_id = _account_of(rule, value, accounts)
            if account_id is not None:
                return Match(account_id, position, value)
    return None


def candidates(rules: Sequence[Rule], marks: Marks) -> set[str]:
    """Every connect_id, in lower case, that *marks* may mean."""
    found: set[str] = set()
    for rule in rules:
        if rule.account_id is None:
            meant = (captured(rule.pattern, value) for value in marks.values(rule) or ())
            found.update(each.lower() for each in meant if each)
    return found


def captured(pattern: str, value: str) -> str | None:
    """What the `*` stands for, else the whole value; None when *value* does not fit."""
    value, pattern = value.strip(), pattern.strip()
    start, star, end = pattern.lower().partition("*")
    low = value.lower()
    if not star:
        return value if not pattern or low == start else None
    if len(low) < len(start) + len(end) or not low.startswith(start) or not low.endswith(end):
        return None
    return value[len(start) : len(value) - len(end)].strip()


def landing_of(*addresses: str | None) -> tuple[tuple[str, str], ...]:
    """The parameters of web addresses; an unreadable one has none."""
    found: list[tuple[str, str]] = []
    for address in addresses:
        try:
            found += parse_qsl(urlsplit(address or "").query, max_num_fields=100)
        except ValueError:
            continue
    return tuple(found)


def visited(journey: Mapping[str, Any] | None) -> tuple[tuple[str, str], ...]:
    """The parameters of the last and the first visit, as Shopify's `customerJourneySummary` has them."""
    found: list[tuple[str, str]] = []
    for visit in ((journey or {}).get("lastVisit"), (journey or {}).get("firstVisit")):
        if not isinstance(visit, Mapping):
            continue
        found += landing_of(visit.get("landingPage"))
        if visit.get("referralCode"):
            found.append(("ref", str(visit["referralCode"])))
        given = visit.get("utmParameters") or {}
        found += [(f"utm_{part}", str(given[part])) for part in UTM if given.get(part)]
    return tuple(dict.fromkeys(found))


def read_rules(form: object) -> list[Rule]:
    """*form* is `{"rules": [{"field", "name", "pattern", "account_id"}]}`. Raises `Invalid`."""
    given = form.get("rules") if isinstance(form, Mapping) else None
    if isinstance(given, Mapping):
        return _read_form(given)
    if not isinstance(given, list) or len(given) > MOST_RULES:
        raise Invalid({"rules": f"Give a list of at most {MOST_RULES} rules."})
    wrong: dict[str, str] = {}
    rules = [_read(f"rules.{index}", each, wrong) for index, each in enumerate(given)]
    if wrong:
        raise Invalid(wrong)
    return rules


def _read_form(given: Mapping[str, Any]) -> list[Rule]:
    """As a form sends them: by number, where one without a field is none."""
    numbers = sorted((key for key in given if key.isascii() and key.isdecimal() and len(key) < 4), key=int)
    used = [key for key in numbers if not isinstance(given[key], Mapping) or given[key].get("field")]
    wrong: dict[str, str] = {}
    rules = [_read(f"rules.{key}", given[key], wrong) for key in used]
    if len(rules) > MOST_RULES:
        wrong["rules"] = f"Give a list of at most {MOST_RULES} rules."
    if wrong:
        raise Invalid(wrong)
    return rules


def _read(path: str, given: object, wrong: dict[str, str]) -> Rule:
    rule = given if isinstance(given, Mapping) else {}
    kind, account_id = rule.get("field"), rule.get("account_id")
    if kind not in FIELDS:
        wrong[f"{path}.field"] = "Choose what the rule looks at."
    texts = {}
    for part in ("name", "pattern"):
        text = rule.get(part)
        if text is not None and (not isinstance(text, str) or len(text) > LONGEST):
            wrong[f"{path}.{part}"] = f"Give at most {LONGEST} characters."
        texts[part] = text.strip() if isinstance(text, str) else ""
    if kind in NAMED and not texts["name"]:
        wrong.setdefault(f"{path}.name", "Say which one, for example ref.")
    if texts["pattern"].count("*") > 1:
        wrong.setdefault(f"{path}.pattern", "Use the character * once at most.")
    if isinstance(account_id, str) and account_id.isascii() and account_id.isdecimal() and len(account_id) < 20:
        account_id = int(account_id)
    if account_id in (None, ""):
        account_id = None
        if texts["pattern"] and "*" not in texts["pattern"]:
            wrong.setdefault(
                f"{path}.pattern", "Put a * where the account's own id stands, or choose one account for this rule."
            )
    elif isinstance(account_id, bool) or not isinstance(account_id, int) or not 0 < account_id <= LARGEST_ID:
        wrong[f"{path}.account_id"] = "Choose a connected account."
        account_id = None
    elif not texts["pattern"]:
        wrong.setdefault(f"{path}.pattern", "Give the text that this account's orders carry.")
    return Rule(str(kind), texts["name"] if kind in NAMED else "", texts["pattern"], account_id)


def _account_of(rule: Rule, value: str, accounts: Accounts) -> int | None:
    meant = captured(rule.pattern, value)
    if meant is None:
        return None
    if rule.account_id is not None:
        return rule.account_id if rule.account_id in accounts.living else None
    return accounts.by_connect_id.get(meant.lower()) if meant else None


def _named(pairs: Sequence[tuple[str, str]], name: str) -> tuple[str, ...]:
    return tuple(value for key, value in pairs if key.lower() == name.lower())
