"""A Shopify order that came through an affiliate: its texts leave from the affiliate's number, in both names."""

from typing import Any

import pytest

from app.simulator.shopify.payloads import order_payload
from tests.connect.stage import JANE_MOBILE, JANE_OWN, jane, jane_texts
from tests.world import ADA, SENDER, SHOP, World

BY_CODE = {"field": "discount_code", "pattern": "JANE*", "account_id": None}


async def rules(world: World, *given: dict[str, Any]) -> None:
    saved = await world.api("PUT", "/connect/attribution", {"rules": list(given)})
    assert saved.status_code == 200, saved.text
    await world.workers_run()


def sent_to_ada(world: World) -> list[tuple[str, str]]:
    return [(each["from"], each["text"]) for each in world.ringcentral.sent if each["to"] == ADA]


@pytest.mark.parametrize(
    ("rule", "order"),
    [
        ({"field": "discount_code", "pattern": "VIP-*"}, {"discount_codes": ["VIP-jane-1"]}),
        ({"field": "order_tag", "pattern": "affiliate:*"}, {"tags": ["gift", "affiliate:jane-1"]}),
        ({"field": "note_attribute", "name": "ref"}, {"note_attributes": {"ref": "Jane-1"}}),
        ({"field": "landing_page", "name": "utm_source"}, {"landing_site": "/products/mug?utm_source=jane-1"}),
    ],
)
async def test_both_texts_of_an_attributed_order_leave_from_the_affiliate(
    world: World, rule: dict[str, Any], order: dict[str, Any]
) -> None:
    await world.ready()
    await jane_texts(world)
    await rules(world, rule)
    placed = await world.order(**order)
    await world.workers_run()
    await world.shopify.fulfil_order(SHOP, placed)
    await world.workers_run()
    texts = sent_to_ada(world)
    assert [number for number, _ in texts] == [JANE_OWN, JANE_OWN]
    assert all(text.startswith("Jane Doe with Demo Store: Hi Ada,") and "STOP" in text for _, text in texts)
    assert placed.name in texts[0][1]
    assert {each["kind"] for each in await world.messages() if each["to"] == ADA} == {
        "order_confirmed",
        "order_fulfilled",
    }


async def test_of_two_texts_about_one_order_one_says_that_it_is_paid(world: World) -> None:
    """With both kinds on: paid at checkout, paid later, paid while the confirmation waited, and heard of late."""
    await world.ready()
    await jane_texts(world)
    await rules(world, {"field": "discount_code", "pattern": "VIP", "account_id": 1})
    await world.api("PUT", "/notifications/order_paid", {"enabled": True})
    words = "{{ affiliate.name }} with {{ shop.name }}: PAID {{ order.name }}. Reply STOP to opt-out."
    saved = await world.api("PUT", "/notifications/connect_order_paid", {"templates": {"en": words}})
    assert saved.status_code == 200, saved.text
    await world.workers_run()

    async def said(*, paid: bool, before: float = 0, after: float = 0, late: bool = False) -> list[bool]:
        """Which texts say so. *before*, *after*: minutes from the order to the payment, before and after the first."""
        begun = len(sent_to_ada(world))
        placed = await world.order(discount_codes=["VIP"], financial_status="paid" if paid else "pending")
        await world.advance(minutes=before)
        paid_at = world.clock()
        world.shopify.lose_webhooks = late
        if before:
            await world.shopify.pay_order(SHOP, placed)
        await world.workers_run()
        await world.advance(minutes=after)
        world.shopify.lose_webhooks = False
        if after and not late:
            await world.shopify.pay_order(SHOP, placed)
        if late:
            body = order_payload(world.shopify.shops[SHOP], placed)
            told_at = {"X-Shopify-Triggered-At": paid_at.isoformat()}
            await world.shopify.send_webhook(SHOP, "orders/paid", body, headers=told_at)
        await world.workers_run()
        return ["PAID" in text for _, text in sent_to_ada(world)[begun:]]

    assert await said(paid=True) == [True]
    assert await said(paid=False, after=20) == [False, True]
    assert sorted(await said(paid=False, before=20)) == [False, True]
    assert await said(paid=False, before=20, after=1, late=True) == [True, False]


async def test_a_customers_tag_is_asked_for_and_the_text_still_leaves_once_from_the_affiliate(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    await rules(world, {"field": "customer_tag", "pattern": "of jane", "account_id": 1}, BY_CODE)
    world.ada.tags.append("of jane")
    await world.order()
    await world.workers_run()
    assert [number for number, _ in sent_to_ada(world)] == [JANE_OWN]


async def test_an_order_that_came_by_nobody_leaves_from_the_shop(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    await rules(world, {"field": "customer_tag", "pattern": "of *"}, BY_CODE)
    await world.order(discount_codes=["SUMMER"])
    await world.workers_run()
    [(number, text)] = sent_to_ada(world)
    assert number == SENDER
    assert "Jane" not in text


async def test_a_list_of_rules_that_somebody_else_saved_meanwhile_is_not_overwritten_unseen(world: World) -> None:
    await world.install()
    path, theirs = "/connect/attribution", [{"field": "order_tag", "name": "", "pattern": "of:*", "account_id": None}]
    seen = (await world.api("GET", path)).json()["rules"]
    await rules(world, *theirs)
    mine = {"rules": [BY_CODE], "was": seen}
    refused = await world.api("PUT", path, mine)
    assert (refused.status_code, refused.json()["rules"]) == (409, theirs)
    assert refused.json()["now"] == {f"rules.0.{part}": value for part, value in theirs[0].items()}
    assert (await world.api("GET", path)).json()["rules"] == theirs
    assert (await world.api("PUT", path, mine | {"was": refused.json()["rules"]})).status_code == 200
    assert [each["pattern"] for each in (await world.api("GET", path)).json()["rules"]] == ["JANE*"]
    assert (await world.api("PUT", path, {"rules": []})).status_code == 200, (
        "a client that sends no list saves as before"
    )


async def test_the_first_decision_stays_whatever_the_rules_say_later(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    await rules(world, {"field": "discount_code", "pattern": "VIP", "account_id": 1})
    placed = await world.order(discount_codes=["vip"])
    await world.workers_run()
    await rules(world)
    await world.shopify.fulfil_order(SHOP, placed)
    await world.workers_run()
    assert [number for number, _ in sent_to_ada(world)] == [JANE_OWN, JANE_OWN]


async def test_an_affiliate_without_alerts_keeps_the_order_and_the_shop_texts(world: World) -> None:
    await world.ready()
    account = await jane_texts(world)
    await rules(world, {"field": "discount_code", "pattern": "VIP", "account_id": account})
    placed = await world.order(discount_codes=["VIP"])
    await world.workers_run()
    await world.api("PUT", f"/connect/accounts/{account}", {"alerts_enabled": False})
    await world.shopify.fulfil_order(SHOP, placed)
    await world.workers_run()
    assert [number for number, _ in sent_to_ada(world)] == [JANE_OWN, SENDER]
    assert "Jane" not in sent_to_ada(world)[1][1]


async def test_buyers_hear_from_the_shop_what_still_waited_when_the_affiliate_was_removed(world: World) -> None:
    await world.ready()
    account = await jane_texts(world)
    await rules(world, {"field": "discount_code", "pattern": "VIP", "account_id": account})
    placed = await world.order(discount_codes=["VIP"])
    await world.workers_run()
    await world.api("PUT", "/settings", {"quiet_hours": {"enabled": True, "start": "09:00", "end": "20:00"}})
    await world.advance(hours=13)
    await world.shopify.fulfil_order(SHOP, placed)
    await world.workers_run()
    assert [number for number, _ in sent_to_ada(world)] == [JANE_OWN]
    await world.api("DELETE", f"/connect/accounts/{account}")
    await world.recurring_run()
    await world.advance(hours=12)
    await world.workers_run()
    assert [number for number, _ in sent_to_ada(world)] == [JANE_OWN, SENDER]
    assert "Jane" not in sent_to_ada(world)[1][1]


async def test_a_stop_to_the_affiliate_ends_the_texts_of_the_whole_brand(world: World) -> None:
    await world.ready()
    await jane_texts(world)
    await rules(world, {"field": "discount_code", "pattern": "VIP", "account_id": 1})
    await world.order(discount_codes=["VIP"])
    await world.workers_run()
    await world.texts_from(ADA, "STOP", to=JANE_OWN)
    before = len(sent_to_ada(world))
    await world.order()
    await world.order(discount_codes=["VIP"])
    await world.workers_run()
    assert len(sent_to_ada(world)) == before
    assert [each["reason"]["code"] for each in await world.messages() if each["state"] == "skipped"] == [
        "opted_out",
        "opted_out",
    ]


async def test_the_affiliate_hears_of_a_new_order_by_text_unless_they_or_the_shop_do_not_want_it(world: World) -> None:
    await world.ready()
    account = await jane_texts(world)
    await rules(world, {"field": "discount_code", "pattern": "VIP", "account_id": account})
    placed = await world.order(discount_codes=["VIP"])
    await world.workers_run()
    [news] = world.texts_on(JANE_MOBILE)
    assert news.startswith(f"Demo Store: You have a new order {placed.name} ($")
    assert [each["from"] for each in world.ringcentral.sent if each["to"] == JANE_MOBILE] == [SENDER]
    await world.api("PUT", f"/connect/accounts/{account}", {"notify_by_sms": False})
    await world.order(discount_codes=["VIP"])
    await world.api("PUT", f"/connect/accounts/{account}", {"notify_by_sms": True})
    await world.api("PUT", "/settings", {"connect_news": "none"})
    await world.order(discount_codes=["VIP"])
    await world.workers_run()
    assert len(sent_to_ada(world)) == 3


async def test_a_shop_without_a_number_of_its_own_texts_only_what_is_its_affiliates(world: World) -> None:
    await world.install()
    await world.api("PUT", "/settings", {"quiet_hours": {"enabled": False}})
    await jane_texts(world)
    await rules(world, {"field": "discount_code", "pattern": "VIP", "account_id": 1})
    await world.order(discount_codes=["VIP"])
    await world.order()
    await world.workers_run()
    assert [number for number, _ in sent_to_ada(world)] == [JANE_OWN]
    [skipped] = [
        each for each in await world.messages() if each["state"] == "skipped" and each["kind"] != "connect_notice"
    ]
    assert skipped["reason"]["code"] == "not_connected"


async def test_rules_are_tried_on_past_orders_before_they_are_saved(world: World) -> None:
    await world.ready()
    account = await jane(world)
    await world.order(discount_codes=["JANE10"], tags=["affiliate:jane-1"])
    await world.order(landing_site="/?ref=jane-1")
    await world.order()
    tried = await world.api(
        "POST",
        "/connect/attribution/try",
        {
            "rules": [
                {"field": "landing_page", "name": "ref"},
                {"field": "discount_code", "pattern": "JANE*", "account_id": account},
                {"field": "order_tag", "pattern": "affiliate:*"},
            ]
        },
    )
    assert tried.status_code == 200, tried.text
    found = tried.json()
    assert (found["attributed"], found["hits"]) == (2, [1, 1, 0])
    assert [(each["name"], each["rule"], each["value"]) for each in found["orders"]] == [
        ("#1003", None, None),
        ("#1002", 0, "jane-1"),
        ("#1001", 1, "JANE10"),
    ]
    assert found["orders"][1]["account"] == {"id": account, "name": "Jane Doe"}
    assert (await world.api("GET", "/connect/attribution")).json() == {"rules": []}
    other = await world.api(
        "PUT", "/connect/attribution", {"rules": [{"field": "order_tag", "pattern": "x", "account_id": 999}]}
    )
    assert other.json() == {"errors": {"rules.0.account_id": "Choose a connected account."}}
