"""Whose an order is, as a table: the field, the pattern, the value, and who is found."""

from typing import Any

import pytest

from app.connect.rules import UNDECIDED, Accounts, Marks, Match, Rule, captured, landing_of, match, read_rules, visited
from app.core.errors import Invalid

JANE, OMAR = 7, 8
ACCOUNTS = Accounts(frozenset({JANE, OMAR}), {"jane-1": JANE, "omar-1": OMAR})


@pytest.mark.parametrize(
    ("pattern", "value", "found"),
    [
        ("JANE10", "jane10", "jane10"),
        ("JANE10", "JANE20", None),
        ("JANE*", "jane10", "10"),
        ("affiliate:*", "Affiliate: jane-1 ", "jane-1"),
        ("*-vip", "jane-vip", "jane"),
        ("a*a", "a", None),
        ("*", "anything", "anything"),
        ("", "jane-1", "jane-1"),
    ],
)
def test_a_pattern_fits_without_regard_to_case(pattern: str, value: str, found: str | None) -> None:
    assert captured(pattern, value) == found


@pytest.mark.parametrize(
    ("rule", "marks", "found"),
    [
        (Rule("discount_code", "", "JANE10", JANE), Marks(discount_codes=("jane10",)), JANE),
        (Rule("discount_code", "", "JANE10", 99), Marks(discount_codes=("jane10",)), None),
        (Rule("order_tag", "", "affiliate:*", None), Marks(order_tags=("gift", "affiliate:OMAR-1")), OMAR),
        (Rule("order_tag", "", "affiliate:*", None), Marks(order_tags=("affiliate:",)), None),
        (Rule("note_attribute", "ref", "", None), Marks(note_attributes=(("Ref", "jane-1"),)), JANE),
        (Rule("note_attribute", "ref", "", None), Marks(note_attributes=(("gift", "jane-1"),)), None),
        (Rule("customer_tag", "", "of *", None), Marks(customer_tags=("of jane-1",)), JANE),
        (Rule("landing_page", "utm_source", "", None), Marks(landing=landing_of("/?utm_source=omar-1&x=1")), OMAR),
        (Rule("landing_page", "ref", "", None), Marks(landing=landing_of("http://[broken")), None),
    ],
)
def test_each_field_finds_its_account(rule: Rule, marks: Marks, found: int | None) -> None:
    answer = match([rule], marks, ACCOUNTS)
    assert (answer.account_id if isinstance(answer, Match) else answer) == found


def test_rules_are_tried_in_order_and_one_that_cannot_be_looked_at_yet_comes_first() -> None:
    by_tag, by_code = Rule("customer_tag", "", "*", None), Rule("discount_code", "", "JANE10", JANE)
    marks = Marks(discount_codes=("JANE10",), customer_tags=None)
    assert match([by_code, by_tag], marks, ACCOUNTS) == Match(JANE, 0, "JANE10")
    assert match([by_tag, by_code], marks, ACCOUNTS) is UNDECIDED


def test_the_journey_of_the_customer_names_parameters_of_both_visits() -> None:
    visit = {"landingPage": "https://x.example/?ref=jane-1", "utmParameters": {"source": "omar-1", "term": None}}
    first = {"landingPage": None, "referralCode": "old"}
    assert visited({"lastVisit": visit, "firstVisit": first}) == (
        ("ref", "jane-1"),
        ("utm_source", "omar-1"),
        ("ref", "old"),
    )
    assert visited(None) == ()


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"field": "moon"}, "rules.0.field"),
        ({"field": "note_attribute", "pattern": "*"}, "rules.0.name"),
        ({"field": "order_tag", "pattern": "a*b*"}, "rules.0.pattern"),
        ({"field": "order_tag", "pattern": "no star"}, "rules.0.pattern"),
        ({"field": "order_tag", "account_id": 7}, "rules.0.pattern"),
        ({"field": "order_tag", "pattern": "x", "account_id": True}, "rules.0.account_id"),
        ({"field": "order_tag", "pattern": ["x"], "account_id": 7}, "rules.0.pattern"),
        ("text", "rules.0.field"),
    ],
)
def test_a_rule_that_can_find_nobody_is_refused_at_its_field(rule: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_rules({"rules": [rule]})
    assert field in refused.value.errors


def test_an_account_may_be_chosen_as_a_form_sends_it() -> None:
    [rule] = read_rules({"rules": [{"field": "discount_code", "pattern": " JANE10 ", "account_id": "7"}]})
    assert rule == Rule("discount_code", "", "JANE10", 7)
