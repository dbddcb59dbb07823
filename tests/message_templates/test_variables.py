import pytest

from app.message_templates.segments import Encoding, count_segments
from app.message_templates.variables import (
    CONNECT_KINDS,
    ORDER_KINDS,
    REPLY_KINDS,
    VARIABLES,
    dear_values,
    editor_chips,
    longest_values,
    names_for,
    sample_values,
)


def test_names_are_unique_and_complete() -> None:
    names = [variable.name for variable in VARIABLES]
    assert len(names) == len(set(names))
    assert set(names) == {
        "customer.name", "customer.first_name", "customer.last_name", "customer.opt_out_url",
        "shop.name", "shop.url", "shop.phone", "affiliate.name", "affiliate.phone",
        "order.name", "order.number", "order.status_url", "order.total", "order.item_count", "refund.amount",
        "tracking.url", "tracking.number", "tracking.company", "fulfillment.name",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "name", "allowed"),
    [
        ("order_fulfilled", "tracking.url", True),
        ("order_fulfilled", "fulfillment.name", True),
        ("order_confirmed", "tracking.url", False),
        ("out_for_delivery", "tracking.url", True),
        ("order_refunded", "refund.amount", True),
        ("order_cancelled", "refund.amount", False),
        ("order_confirmed", "order.status_url", True),
        ("help_reply", "shop.phone", True),
        ("help_reply", "customer.name", False),
        ("stop_confirmation", "order.name", False),
    ],
)
def test_which_kind_may_use_which(kind: str, name: str, *, allowed: bool) -> None:
    assert (name in names_for(kind)) is allowed


@pytest.mark.parametrize("kind", sorted(ORDER_KINDS | REPLY_KINDS))
def test_samples_and_longest_values_cover_the_same_names(kind: str) -> None:
    def flat(values: dict[str, dict[str, str | int]]) -> set[str]:
        return {f"{group}.{field}" for group, fields in values.items() for field in fields}

    assert flat(sample_values(kind)) == flat(longest_values(kind)) == names_for(kind)


def test_the_longest_is_not_shorter_than_the_sample() -> None:
    assert all(len(str(variable.longest)) >= len(str(variable.sample)) for variable in VARIABLES)


@pytest.mark.parametrize("kind", sorted(ORDER_KINDS | CONNECT_KINDS))
def test_dear_values_are_the_longest_with_a_letter_outside_the_sms_alphabet_in_each_name(kind: str) -> None:
    longest, dear = longest_values(kind), dear_values(kind)
    for group, fields in longest.items():
        for field, value in fields.items():
            named = group in {"customer", "affiliate"} and field.endswith("name")
            assert len(str(dear[group][field])) == len(str(value))
            encoding = count_segments(str(dear[group][field])).encoding
            assert encoding is (Encoding.UCS_2 if named else Encoding.GSM_7), (group, field)


def test_editor_chips_are_grouped_in_order() -> None:
    chips = editor_chips("order_fulfilled")
    assert [group["group"] for group in chips] == ["Customer", "Shop", "Order", "Shipping"]
    assert chips[0]["variables"][0] == {
        "name": "customer.name",
        "label": "Full name",
        "sample": "Ada Lovelace",
        "longest": "Maximiliana Featherstonehaugh-Vandermeer",
    }
