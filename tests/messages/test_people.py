"""The log is searched by a customer's name too, though names are not kept here."""

import pytest

from app.messages.people import name_search
from tests.world import ADA, SHOP, World


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        ("Ada", 'first_name:"Ada" OR last_name:"Ada"'),
        ("ada  lovelace", 'first_name:"ada" AND last_name:"lovelace"'),
        ("Jean-Luc O’Brien", 'first_name:"Jean-Luc" AND last_name:"O’Brien"'),
        ("Lucía de la Cruz", 'first_name:"Lucía" AND last_name:"de la Cruz"'),
        ("A", None),
        ("#1001", None),
        ("1001", None),
        ('Ada" OR id:1', None),
        ("state:enabled", None),
        ("", None),
    ],
)
def test_only_names_are_asked_for(words: str, asked: str | None) -> None:
    assert name_search(words) == asked


async def test_texts_are_found_by_the_customers_name_also_those_that_name_nobody(world: World) -> None:
    await world.ready()
    noah = world.shopify.add_customer(
        "demo-store.myshopify.com", first_name="Noah", last_name="Webster", phone="+14155550167", consent="PENDING"
    )
    await world.order(noah)
    await world.order()
    await world.workers_run()
    [skipped] = await world.messages(q="Webster")
    assert (skipped["to"], skipped["state"]) == ("+14155550167", "skipped")
    assert [each["to"] for each in await world.messages(q="Ada Lovelace")] == [ADA]
    made = await world.api("POST", "/exports", {"q": "Webster"})
    file = await world.http.get(world.url + made.json()["url"])
    assert "+14155550167" in file.text
    assert ADA not in file.text
    world.shopify.fail_next("graphql", status=402, times=50)
    assert await world.messages(q="Webster") == []


async def test_a_search_says_when_names_could_not_be_looked_up(world: World) -> None:
    await world.ready()
    world.shopify.fail_next("graphql", status=503, times=50, retry_after=600)
    found = (await world.api("GET", "/messages?q=Webster")).json()
    assert (found["messages"], found["unasked"]) == ([], True)
    bearer = {"Authorization": f"Bearer {world.shopify.id_token(SHOP)}"}
    page = await world.http.get(f"{world.url}/messages?q=Webster&people=late", headers=bearer)
    assert "Shopify did not say in time whether customers have this name" in page.text
    refused = await world.api("POST", "/exports", {"q": "Webster"})
    assert (refused.status_code, "Try again" in refused.text) == (503, True)
