"""The editor's server side: real orders, wordings that are kept, and two people at one text."""

import json
from typing import Any

from app.message_templates.difference import difference
from tests.world import ADA, SHOP, World

FIRST = "{{ shop.name }}: order {{ order.name }} is confirmed. Reply STOP to opt out."
SECOND = "{{ shop.name }}: thank you! Order {{ order.name }} is confirmed. Reply STOP to opt out."
CONFIRMED = "/notifications/order_confirmed"


async def test_a_text_is_shown_with_a_real_order(world: World) -> None:
    await world.ready()
    order = await world.order()
    [listed] = (await world.api("GET", "/orders")).json()["orders"]
    assert (listed["id"], listed["name"], listed["customer"]) == (str(order.id), "#1001", "Ada Lovelace")
    values = (await world.api("GET", f"{CONFIRMED}/orders/{order.id}?language=en")).json()["values"]
    body = {"template": "Hi {{ customer.first_name }}: {{ order.name }}", "locale": "en", "values": values}
    preview = (await world.api("POST", f"{CONFIRMED}/preview", body)).json()
    assert preview["text"] == "Hi Ada: #1001"
    assert (await world.api("GET", f"{CONFIRMED}/orders/999")).status_code == 404


async def test_what_a_text_may_cost_counts_names_with_letters_outside_the_sms_alphabet(world: World) -> None:
    await world.ready()
    lucia = world.shopify.add_customer(SHOP, first_name="Lucía", last_name="Moreno", phone="+13055550142")
    order = await world.order(lucia)
    await world.workers_run()

    async def preview(**body: object) -> dict[str, Any]:
        answer = await world.api("POST", f"{CONFIRMED}/preview", {"locale": "es", **body})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    sample, hers = await preview(), await preview(order_id=str(order.id))
    assert (sample["segments"]["encoding"], hers["segments"]["encoding"]) == ("GSM-7", "UCS-2")
    assert sample["worst_case"]["segments"] >= hers["segments"]["segments"] > sample["segments"]["segments"]
    assert (sample["dear_letter"], sample["worst_case"]["encoding"]) == ("í", "UCS-2")
    page = (await world.open_page("/templates/order_confirmed")).text
    assert "long names, links and letters such as í" in page

    nameless = await preview(template="{{ shop.name }}: {{ order.name }} {{ order.status_url }} STOP")
    assert (nameless["dear_letter"], nameless["worst_case"]["encoding"]) == (None, "GSM-7")
    unicode_anyway = await preview(template="¡Sí, {{ customer.name }}! {{ order.status_url }} {{ shop.name }} STOP")
    assert (unicode_anyway["dear_letter"], unicode_anyway["worst_case"]["encoding"]) == (None, "UCS-2")

    [message] = await world.messages()
    detail = (await world.open_page(f"/messages/{message['id']}")).text
    assert "“í” halves what fits into a segment" in detail


async def test_every_language_is_shown_as_it_is_sent(world: World) -> None:
    """With the shop's own name, and with plain quotes: typographic ones would double the price, so none are sent."""
    await world.ready()
    text = "{{ shop.name }}: “tu” pedido {{ order.name }} – hecho. Responde STOP."
    assert (await world.api("PUT", "/notifications/order_confirmed", {"templates": {"es": text}})).status_code == 200
    await world.rows("UPDATE shops SET name = 'Blue Door'")
    page = (await world.open_page("/templates/order_confirmed")).text
    bubble = page[page.index('data-side="es">') :]
    assert bubble.startswith('data-side="es">Blue Door: &#34;tu&#34; pedido #1001 - hecho. Responde STOP.<')
    start = page.index("data-editor>") + len("data-editor>")
    editor = json.loads(page[start : page.index("</script>", start)])
    assert editor["samples"]["shop.name"] == "Blue Door"
    assert editor["plain"]["“"] == '"'


async def test_every_wording_is_kept_and_can_be_restored(world: World) -> None:
    await world.install()
    for text in (FIRST, SECOND):
        assert (await world.api("PUT", CONFIRMED, {"templates": {"en": text}})).status_code == 200
    page = (await world.open_page("/templates/order_confirmed/history")).text
    assert "<ins>thank you! Order</ins>" in page
    assert "<del>order</del>" in page
    await world.api("PUT", CONFIRMED, {"templates": {"en": None}})
    assert "Back to the default text" in (await world.open_page("/templates/order_confirmed/history")).text
    [stored] = await world.rows("SELECT count(*) AS kept FROM template_versions")
    assert stored["kept"] == 3


async def test_two_people_at_one_text_do_not_undo_each_other(world: World) -> None:
    await world.install()
    mine = {"templates": {"en": FIRST}, "versions": {"en": 0}}
    saved = (await world.api("PUT", CONFIRMED, mine)).json()
    late = await world.api("PUT", CONFIRMED, {"templates": {"en": SECOND}, "versions": {"en": 0}})
    assert late.status_code == 409
    assert "Somebody else has changed" in late.json()["error"]
    again = {"templates": {"en": SECOND}, "versions": saved["versions"]}
    assert (await world.api("PUT", CONFIRMED, again)).json()["templates"]["en"] == SECOND
    other = {"templates": {"fr": None}, "versions": {"fr": 0}}
    assert (await world.api("PUT", CONFIRMED, other)).status_code == 200


async def test_the_number_of_the_last_test_is_offered_again(world: World) -> None:
    await world.ready()
    await world.api("POST", f"{CONFIRMED}/test", {"to": ADA})
    assert 'value="+1 212-555-0123"' in (await world.open_page("/templates/order_confirmed")).text


async def test_going_back_to_the_default_shows_what_would_change(world: World) -> None:
    await world.install()
    body = {"template": "Hi {{ customer.name }}!", "locale": "en"}
    pieces = (await world.api("POST", f"{CONFIRMED}/difference", body)).json()["pieces"]
    assert "".join(words for deed, words in pieces if deed != "new") == body["template"]
    assert "".join(words for deed, words in pieces if deed != "gone").endswith("Reply STOP to opt-out.")


def test_a_difference_reads_as_both_texts() -> None:
    pieces = difference(FIRST, SECOND)
    assert "".join(words for deed, words in pieces if deed != "new") == FIRST
    assert "".join(words for deed, words in pieces if deed != "gone") == SECOND
    assert ("same", "{{ shop.name }}: ") in pieces


async def test_test_texts_are_for_looking_at_a_text_not_for_reaching_people(world: World) -> None:
    await world.ready()
    answers = [(await world.api("POST", f"{CONFIRMED}/test", {"to": ADA})).status_code for _ in range(21)]
    assert answers == [200] * 20 + [409]
    await world.advance(minutes=61)
    assert (await world.api("POST", f"{CONFIRMED}/test", {"to": ADA})).status_code == 200
