"""What a connected account does on its page: number, words, orders, customers, answers. And the walls around it."""

from app.hosted.routes import hosted_routes
from tests.connect.stage import JANE_MOBILE, JANE_OWN, JANET, client_of
from tests.connect.test_alerts import paid
from tests.hosted.person import PAGE, Person, joined
from tests.security.test_tenants import all_routes
from tests.world import SENDER, World

OTHER = "other-store.myshopify.com"


async def jane_at_work(world: World) -> tuple[Person, int]:
    """Joined, with a number of her own connected by herself, and order texts switched on."""
    person, account_id = await joined(world)
    user = world.ringcentral.add_user(name="Jane Doe")
    world.ringcentral.add_number(user, JANE_OWN)
    await person.post("/number/connect", jwt=world.ringcentral.issue_jwt(user))
    assert "RingCentral is connected." in person.text, person.text
    await person.post("/home/alerts", on="1")
    return person, account_id


async def test_she_connects_her_own_number_and_her_customer_hears_from_it(world: World) -> None:
    await world.ready()
    person, account_id = await joined(world)
    assert "On, but" not in person.text
    user = world.ringcentral.add_user(name="Jane Doe")
    world.ringcentral.add_number(user, JANE_OWN)
    world.ringcentral.add_number(user, "+16505550178")
    jwt = world.ringcentral.issue_jwt(user)
    await person.post("/number/connect", jwt="not a jwt")
    assert person.seen.status_code == 422
    await person.post("/number/connect", jwt=jwt)
    assert jwt not in person.seen.text
    assert "What was checked" in person.text
    await person.post("/number/choose", phone_number=SENDER)
    assert (person.seen.status_code, "does not belong" in person.text) == (422, True)
    await person.post("/number/choose", phone_number=JANE_OWN)
    assert "Your texts leave from this number now." in person.text
    await person.post("/home/alerts", on="1")
    assert "On. They leave from +1 650-555-0177" in person.text
    await paid(await client_of(world, "orders"))
    await world.workers_run()
    [text] = world.texts_on(JANET)
    assert text.startswith("Jane Doe with Demo Store: Hi Janet")
    assert world.ringcentral.sent[-1]["from"] == JANE_OWN
    await person.post("/number/disconnect")
    assert "Disconnected." in person.text
    assert (await world.api("GET", f"/connect/accounts/{account_id}")).json()["phone_number"] is None
    assert (await world.api("GET", "/connection")).json()["phone_number"] == SENDER


async def test_a_number_that_she_was_given_is_shown_and_is_not_hers_to_change(world: World) -> None:
    await world.ready()
    [user] = world.ringcentral.state.users.values()
    world.ringcentral.add_number(user, "+16505550101")
    await world.api("PUT", "/connection", {"jwt": world.jwt})
    person, account_id = await joined(world)
    await person.post("/number/choose", phone_number="+16505550101")
    assert person.seen.status_code == 403  # the shop gives its numbers, nobody takes one
    await world.api("PUT", f"/connect/accounts/{account_id}", {"phone_number": "+16505550101"})
    await person.post("/number")
    assert "Demo Store has given you this number." in person.text
    assert "+1 650-555-0100" not in person.text  # the shop's other numbers are not shown
    await person.post("/number/disconnect")
    assert person.seen.status_code == 403
    assert (await world.api("GET", f"/connect/accounts/{account_id}")).json()["phone_number"] == "+16505550101"


async def test_her_own_words_begin_with_the_organisations_and_go_out(world: World) -> None:
    await world.ready()
    shared = "{{ affiliate.name }} for {{ shop.name }}: thanks for {{ order.name }}. Reply STOP to opt-out."
    await world.api("PUT", "/notifications/connect_order_paid", {"templates": {"en": shared}})
    person, _ = await jane_at_work(world)
    await person.post("/texts")
    assert "Jane Doe for Demo Store: thanks for #1001. Reply STOP to opt-out." in person.text
    assert "1 segment" in person.text
    paid_en = {"kind": "connect_order_paid", "locale": "en"}
    await person.post("/texts/preview", **paid_en, template="Hello {{ customer.first_name }}")
    assert "Hello Ada" in person.text
    assert "Every automated text must" in person.text
    for words, fault in (
        ("{{ affiliate.name }}: thanks. Reply STOP to opt-out.", "Name your shop"),
        ("{{ shop.name }}: thanks. Reply STOP to opt-out.", "Name the person"),
        ("{{ affiliate.name }} {{ shop.name }}", "Say how to end"),
        ("{{ affiliate.name", ""),
        ("x" * 1001, "at most 1000"),
    ):
        await person.post("/texts/save", **paid_en, template=words)
        assert (person.seen.status_code, fault in person.text) == (422, True), words
    own = "{{ affiliate.name }} at {{ shop.name }}: you are the best, {{ customer.first_name }}! Reply STOP to opt-out."
    await person.post("/texts/save", **paid_en, template=own)
    assert "Saved." in person.text
    client = await client_of(world, "orders")
    await paid(client)
    await world.workers_run()
    assert world.texts_on(JANET)[-1] == "Jane Doe at Demo Store: you are the best, Janet! Reply STOP to opt-out."
    await person.post("/texts/shared", **paid_en)
    await paid(client)
    await world.workers_run()
    assert world.texts_on(JANET)[-1].startswith("Jane Doe for Demo Store: thanks for #")
    await person.post("/texts", kind="order_confirmed")
    assert person.seen.status_code == 404


async def test_orders_customers_and_what_they_write_and_the_answer_from_her_number(world: World) -> None:
    await world.ready()
    person, _ = await jane_at_work(world)
    await paid(await client_of(world, "orders"))
    await world.workers_run()
    await person.post("/orders")
    for words in (
        "#1",
        "Paid",
        "Janet Smith",
        "+1 801-555-6788",
        "$168.00",
        "2 × Tank Top, 1 × T-Shirt",
        "Order paid:",
    ):
        assert words in person.text, words
    await person.post("/customers")
    assert "Janet Smith" in person.text
    await person.post("/messages")
    key = person.seen.text.partition(f"{PAGE}/messages/")[2].partition('"')[0]
    await person.post(f"/messages/{key}")
    assert "You can answer once this customer has written to you." in person.text
    await world.texts_from(JANET, "Does it come in blue?", to=JANE_OWN)
    await person.post(f"/messages/{key}")
    assert "Does it come in blue?" in person.text
    once = person.hidden("once")
    await person.post(f"/messages/{key}/answer", text="It does!", once=once)
    assert "Your answer is on its way." in person.text
    await person.post(f"/messages/{key}/answer", text="It does!", once=once)  # clicked twice
    await world.workers_run()
    assert world.texts_on(JANET)[1:] == ["It does!"]
    assert world.ringcentral.sent[-1]["from"] == JANE_OWN
    await person.post(f"/messages/{key}/answer", text=" ", once=once)
    assert (person.seen.status_code, "Write your answer first." in person.text) == (422, True)
    await world.texts_from(JANET, "STOP", to=SENDER)  # to the shop: brand-wide
    await person.post(f"/messages/{key}/answer", text="But wait", once="another-once")
    assert (person.seen.status_code, "This customer opted out" in person.text) == (409, True)
    await person.post("/customers")
    assert "Opted out" in person.text
    await world.workers_run()
    assert "But wait" not in world.texts_on(JANET)
    logged = await world.messages(kind="connect_reply")
    assert [each["text"] for each in logged] == ["It does!"]


async def test_an_answer_waits_for_the_sending_hours_and_not_beyond_her_leaving(world: World) -> None:
    await world.ready()
    person, _ = await jane_at_work(world)
    await paid(await client_of(world, "orders"))
    await world.workers_run()
    await world.texts_from(JANET, "Hello?", to=JANE_OWN)
    await world.api("PUT", "/settings", {"quiet_hours": {"enabled": True, "start": "09:00", "end": "20:00"}})
    await world.advance(hours=13)  # 23:00 where Janet lives
    await person.sign_in_by_text()
    await person.post("/messages")
    key = person.seen.text.partition(f"{PAGE}/messages/")[2].partition('"')[0]
    await person.post(f"/messages/{key}")
    await person.post(f"/messages/{key}/answer", text="Good morning", once=person.hidden("once"))
    assert "outside the sending hours" in person.text
    await person.post("/leave", sure="1")
    await world.advance(hours=12)
    await world.workers_run()
    assert "Good morning" not in world.texts_on(JANET)
    [answer] = await world.messages(kind="connect_reply")
    assert (answer["state"], answer["reason"]["code"]) == ("cancelled", "access_revoked")


async def test_leaving_promises_no_more_than_it_keeps(world: World) -> None:
    """The organisation's software may go on storing orders for somebody who has left; nobody is texted about them."""
    await world.ready()
    person, _ = await jane_at_work(world)
    await person.post("/settings")
    assert "no more texts in your name" in person.text
    assert "no more orders" not in person.text
    await person.post("/leave", sure="1")
    order = {"order": {"paid_at": "now", "profile_phone_number": JANET, "total_cents": 100}}
    stored = await (await client_of(world)).create_order(order, **{"X-Shout-Connect-ID": "jane-1"})
    assert stored.status_code == 201
    await world.workers_run()
    [message] = await world.messages(kind="connect_order_paid")
    assert (message["state"], message["reason"]["code"]) == ("skipped", "access_revoked")
    assert world.texts_on(JANET) == []


async def test_what_she_decides_about_news_and_history(world: World) -> None:
    await world.ready()
    person, account_id = await joined(world)
    await person.post("/settings/save", notify_by_sms="1", history="yes")
    account = (await world.api("GET", f"/connect/accounts/{account_id}")).json()
    assert (account["notify_by_sms"], account["notify_by_email"], account["import_history"]) == (True, False, "yes")
    dated = account["connect_import_order_history_at"]
    await world.advance(minutes=5)
    await person.post("/settings/save", history="yes")
    account = (await world.api("GET", f"/connect/accounts/{account_id}")).json()
    assert account["connect_import_order_history_at"] == dated  # the same wish is not a new one
    assert account["notify_by_sms"] is False


async def walk(world: World, person: Person, session: str, organisation: str, key: str) -> list[tuple[str, int, str]]:
    """Every hosted address by its method, with this token."""
    seen = []
    ending = ("/sign-out", "/leave")  # the visit last
    for method, pattern in sorted(all_routes(hosted_routes()), key=lambda route: route[1].endswith(ending)):
        path = pattern.replace("{organisation}", organisation).replace("{key}", key)
        form = {"session": session, "token": session, "ticket": session, "sure": "1", "on": "1", "once": "walked-once"}
        form |= {
            "text": "walked",
            "history": "yes",
            "agreed": "1",
            "who": JANE_MOBILE,
            "template": "walked",
            "before": "9",
        }
        answer = await world.http.request(method, world.url + path, data=form if method == "POST" else None)
        assert answer.status_code < 500, (method, path, answer.text)
        seen.append((f"{method} {pattern}", answer.status_code, answer.text))
    return seen


async def test_no_address_shows_or_changes_another_accounts_or_another_shops(world: World) -> None:
    """Jane has one of each thing; Mallory of the same shop and Oscar of another try every address."""
    await world.ready()
    jane, _ = await jane_at_work(world)
    await paid(await client_of(world, "orders"))
    await world.workers_run()
    await world.texts_from(JANET, "Marmalade please", to=JANE_OWN)
    await jane.post("/messages")
    key = jane.seen.text.partition(f"{PAGE}/messages/")[2].partition('"')[0]
    mallory = Person(world)
    made = await world.api("POST", "/connect/accounts", {"name": "Mallory", "phone": "+14155550144"})
    await mallory.open_invitation(made.json()["invite_url"])
    await mallory.agree(name="Mallory")
    world.shopify.add_shop(OTHER)
    await world.install(OTHER)
    foreign = await world.api("POST", "/connect/accounts", {"name": "Oscar", "phone": "+14155550145"}, domain=OTHER)
    oscar = Person(world, "/c/other-store")
    await oscar.open_invitation(foreign.json()["invite_url"])
    await oscar.agree(name="Oscar")
    tables = ("connect_accounts", "connect_templates", "senders", "messages", "connect_orders")
    before = [await world.rows(f"SELECT t::text FROM {table} t ORDER BY 1") for table in tables]
    marks = ("Marmalade", "Janet", "801-555-6788", JANET, "Jane", JANE_OWN, "650-555-0177")
    # Oscar's token at Jane's shop, hers at his, and no token: a stranger each time.
    for organisation, session in (("demo-store", oscar.session), ("other-store", jane.session), ("demo-store", "")):
        for name, status, text in await walk(world, oscar, session, organisation, key):
            assert not any(mark in text.replace(JANE_MOBILE, "") for mark in marks), name
            if not name.startswith("GET") and name.split("}", 1)[1] not in PUBLIC:
                assert status == 401, name
    after = [await world.rows(f"SELECT t::text FROM {table} t ORDER BY 1") for table in tables]
    assert after[:3] == before[:3]
    assert after[4] == before[4]
    await world.rows("DELETE FROM public_requests")
    for name, status, text in await walk(world, mallory, mallory.session, "demo-store", key):
        assert not any(mark in text for mark in marks if mark != "Jane" or "sign-in" not in name), name
        if "{key}" in name and name.startswith("POST"):
            assert status == 404, name
    assert await world.rows("SELECT 1 FROM messages WHERE kind = 'connect_reply'") == []
    await jane.post("/home")
    assert jane.seen.status_code == 200
    assert "Hello, Jane" in jane.text


PUBLIC = ("/sign-in", "/code", "/enter", "/join", "/decline")
