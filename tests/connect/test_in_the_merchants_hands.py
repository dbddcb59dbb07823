"""An account in the merchant's hands: found again, its words in every language, and nobody's work undone unseen."""

from typing import Any
from urllib.parse import urlencode

import pytest

from app.admin import connect_pages
from app.connect import account_search
from tests.connect.stage import JANE_MOBILE, jane
from tests.world import SHOP, World

PAID = "connect_order_paid"
WORDS = {
    "en": "{{ affiliate.name }} with {{ shop.name }}: thank you! Reply STOP to opt-out.",
    "de": "{{ affiliate.name }} mit {{ shop.name }}: vielen Dank! STOP beendet die SMS.",
}


async def test_languages_that_the_shop_has_worded_are_offered_too(world: World) -> None:
    await world.ready()
    account_id = await jane(world)
    path = f"/connect/accounts/{account_id}/templates/{PAID}"
    assert (await world.api("PUT", path, {"templates": {"de": WORDS["de"]}})).status_code == 422
    shared = await world.api("PUT", f"/notifications/{PAID}", {"templates": {"de": WORDS["de"]}})
    assert shared.status_code == 200, shared.text
    saved = (await world.api("PUT", path, {"templates": {"de": WORDS["de"].replace("vielen Dank", "danke")}})).json()
    assert list(saved["shared"]) == ["en", "de", "es", "fr"]
    assert saved["own"] == ["de"]


async def test_somebody_elses_words_are_not_overwritten_unseen(world: World) -> None:
    await world.ready()
    path = f"/connect/accounts/{await jane(world)}/templates/{PAID}"
    first = (await world.api("PUT", path, {"templates": {"en": WORDS["en"]}, "versions": {"en": 0}})).json()
    assert first["versions"]["en"] > 0
    late = {"templates": {"en": WORDS["en"] + " Bye."}, "versions": {"en": 0}}
    refused = await world.api("PUT", path, late)
    assert refused.status_code == 409
    assert refused.json()["now"] == {"templates.en": WORDS["en"]}
    assert refused.json()["versions"] == {"en": first["versions"]["en"]}
    seen = late | {"versions": {"en": first["versions"]["en"]}}
    assert (await world.api("PUT", path, seen)).status_code == 200
    back = (await world.api("PUT", path, {"templates": {"en": ""}})).json()
    assert (back["own"], back["texts"]["en"]) == ([], back["shared"]["en"])


async def test_a_page_that_was_open_long_undoes_nothing_of_an_account(world: World) -> None:
    """What it was goes along with what is changed; a field that the page does not change is not compared."""
    await world.ready()
    path = f"/connect/accounts/{await jane(world)}"
    await world.api("PUT", path, {"notify_by_email": False, "name": "Jane D."})
    late = {"name": "Jane X.", "was": {"name": "Jane Doe"}}
    refused = await world.api("PUT", path, late)
    assert (refused.status_code, refused.json()["now"]) == (409, {"name": "Jane D."})
    phone = await world.api("PUT", path, {"phone": "+14155550188", "was": {"phone": "+14155550199"}})
    assert (phone.json()["now"], phone.json()["shown"]) == ({"phone": JANE_MOBILE}, {"phone": "+1 415-555-0133"})
    untouched = {"connect_id": None, "phone": "+14155550188", "was": {"connect_id": "jane-1", "phone": JANE_MOBILE}}
    assert (await world.api("PUT", path, untouched)).status_code == 200
    saved = (await world.api("PUT", path, late | {"was": {"name": "Jane D."}})).json()
    assert (saved["name"], saved["connect_id"], saved["notify_by_email"]) == ("Jane X.", None, False)


async def test_what_is_wrong_is_said_at_its_language_and_nothing_is_kept(world: World) -> None:
    await world.ready()
    path = f"/connect/accounts/{await jane(world)}/templates/{PAID}"
    wrong: list[tuple[dict[str, object], str]] = [
        ({}, "templates"),
        ({"templates": {"en": 7}}, "templates.en"),
        ({"templates": {"xx": WORDS["en"]}}, "templates.xx"),
        ({"templates": {"en": "No names at all"}}, "templates.en"),
        ({"templates": {"en": WORDS["en"], "es": "{% if %}"}}, "templates.es"),
    ]
    for body, field in wrong:
        answer = await world.api("PUT", path, body)
        assert (answer.status_code, list(answer.json()["errors"])) == (422, [field])
    assert await world.rows("SELECT 1 FROM connect_templates") == []


async def test_a_text_is_previewed_as_it_will_leave_before_it_is_saved(world: World) -> None:
    await world.ready()
    order = await world.order()
    path = f"/connect/accounts/{await jane(world)}/templates/{PAID}"

    async def preview(template: str, **more: object) -> dict[str, Any]:
        answer = await world.api("POST", f"{path}/preview", {"template": template, "locale": "en", **more})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    named = await preview("{{ affiliate.name }} with {{ shop.name }}: thanks! Reply STOP to opt-out.")
    assert (named["text"], named["findings"]) == ("Jane Doe with Demo Store: thanks! Reply STOP to opt-out.", [])
    assert named["worst_case"] == named["segments"]  # both names are known and grow no longer
    nameless = await preview("Thank you! Reply STOP to opt-out.")
    assert {"no_person", "no_brand"} <= {each["code"] for each in nameless["findings"]}
    assert (await preview(" "))["text"].startswith("Jane Doe with Demo Store: Hi Ada")  # the shop's words count then
    values = (await world.api("GET", f"{path}/orders/{order.id}")).json()["values"]
    assert (values["affiliate.name"], values["order.name"]) == ("Jane Doe", "#1001")
    real = await preview("{{ affiliate.name }}: {{ order.total }}", values={**values, "affiliate.name": "Somebody"})
    assert real["text"] == f"Jane Doe: {values['order.total']}"
    pieces = (await world.api("POST", f"{path}/difference", {"template": "Jane", "locale": "en"})).json()["pieces"]
    assert any(deed == "new" and "thank you" in words for deed, words in pieces)
    for wrong in ({"template": "{% if %}"}, {"template": 7}, {"values": 7}):
        assert (await world.api("POST", f"{path}/preview", wrong)).status_code == 422, wrong
    assert await world.rows("SELECT 1 FROM connect_templates") == []


async def test_an_account_is_found_by_what_one_remembers(world: World) -> None:
    await world.ready()
    await jane(world)
    query = world.shopify.document_query(SHOP, "/connect")
    for wanted, found in (
        ("jane", True),
        ("DOE", True),
        ("jane-1", True),
        ("jane@example.com", True),
        ("(415) 555-0133", True),
        ("jane@example", False),
        ("0133", False),
        ("omar", False),
    ):
        page = await world.http.get(f"{world.url}/connect?{query}&{urlencode({'q': wanted})}")
        assert ("Jane Doe" in page.text) is found, wanted
        assert "data-cut" not in page.text


async def test_a_search_that_finds_more_than_it_shows_says_so_and_how_to_narrow_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect_pages, "ON_A_PAGE", 2)
    await world.ready()
    await jane(world)
    query = world.shopify.document_query(SHOP, "/connect")
    for others, cut in ((1, False), (2, True)):
        person = {"name": f"Jane Roe {others}", "email": f"roe{others}@example.com"}
        assert (await world.api("POST", "/connect/accounts", person)).status_code == 201
        page = (await world.http.get(f"{world.url}/connect?{query}&q=jane")).text
        assert ("data-cut" in page, "Write more of the name" in page, "Jane Doe" in page) == (cut, cut, not cut)


async def test_accounts_of_any_age_are_found_and_names_not_looked_at_are_owned_up_to(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Older than the names that are opened: by name not found, by everything else found."""
    monkeypatch.setattr(account_search, "MOST_OPENED", 1)
    await world.ready()
    await jane(world, connect_id="100%_jane")
    query = world.shopify.document_query(SHOP, "/connect")
    for others in (False, True):
        if others:
            await world.api("POST", "/connect/accounts", {"name": "Omar Haddad", "email": "omar@example.com"})
        for wanted, found in (
            ("doe", not others),
            ("0%_JANE", True),
            ("0__jane", False),
            ("Jane@Example.com", True),
            (JANE_MOBILE, True),
        ):
            page = await world.http.get(f"{world.url}/connect?{query}&{urlencode({'q': wanted})}")
            assert ("Jane Doe" in page.text, "data-opened" in page.text) == (found, others), wanted
