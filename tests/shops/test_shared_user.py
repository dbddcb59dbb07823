"""One RingCentral user behind several calls, numbers and shops: its minute, its pauses, and whose JWT it is signed in
with."""

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

import pytest

from app.messages.jobs import READ_MISSED, repair_inbound
from app.shops.listings import COMPARISONS_OF_A_USER, PLACES, PLACES_OF_COMPARISONS, comparison, missed_texts
from app.shops.pace import Cost
from app.shops.provider_access import call_provider
from app.sms.contract import Access, CredentialsRefused, Number, SmsProvider, Throttled
from app.sms.providers.ringcentral.provider import RingCentral
from tests.connect.stage import jane
from tests.world import ADA, SENDER, SHOP, World

THREE_PAGES = 230


async def user_of(world: World) -> int:
    [row] = await world.rows("SELECT id FROM provider_users")
    return int(row["id"])


async def light_calls(world: World) -> int:
    [row] = await world.rows("SELECT count(*) FROM pace_slots WHERE call_group = 'light'")
    return int(row["count"])


def give_numbers(world: World, count: int) -> None:
    [user] = world.ringcentral.state.users.values()
    for number in range(count):
        world.ringcentral.add_number(user, f"+1650556{number:04}")


async def list_numbers(provider: SmsProvider, access: Access) -> list[Number]:
    return await provider.list_numbers(access)


async def until_pages(world: World, path: str, count: int) -> None:
    """What works beside has read *count* pages and waits for the slot of the next."""
    while pages_read(world, path) < count:  # noqa: ASYNC110  # the state is the simulator's
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.1)
    assert pages_read(world, path) == count


def pages_read(world: World, path: str) -> int:
    return sum(each.path.endswith(path) for each in world.ringcentral.requests)


async def test_every_page_of_a_listing_takes_its_slot_and_a_job_waits_for_it(world: World) -> None:
    await world.ready()
    give_numbers(world, THREE_PAGES)
    user, before = await user_of(world), await light_calls(world)
    await world.deps.db.pool.execute("UPDATE provider_users SET light_limit = $1", before + 2)
    world.ringcentral.use_limits(light=before + 2)
    with pytest.raises(Throttled) as refused:
        await call_provider(world.deps, user, list_numbers)
    assert refused.value.code == "pace"
    await world.advance(seconds=61)
    await world.rows("DELETE FROM pace_slots")
    await world.deps.db.pool.execute("UPDATE provider_users SET light_limit = 2")
    world.ringcentral.use_limits(light=2)
    with missed_texts(world.deps.lanes) as waits:
        listing = asyncio.create_task(call_provider(world.deps, user, list_numbers, listing=waits))
        while await light_calls(world) < 2:  # noqa: ASYNC110  # the state is the database's
            await asyncio.sleep(0.01)
        await asyncio.sleep(0.1)
        assert not listing.done()
        await world.advance(seconds=61)
        assert len(await listing) > THREE_PAGES
    assert await light_calls(world) == 3
    [row] = await world.rows("SELECT paused_until FROM provider_users")
    assert row["paused_until"] is None


async def test_what_follows_a_long_listing_in_the_same_job_waits_for_its_first_page_too(world: World) -> None:
    """A user with both kinds of numbers: else the first list would use up the minute, and the job begin again."""
    await world.ready()
    give_numbers(world, THREE_PAGES)
    user = await user_of(world)
    await world.rows("DELETE FROM pace_slots")
    await world.deps.db.pool.execute("UPDATE provider_users SET light_limit = 3")
    world.ringcentral.requests.clear()
    with missed_texts(world.deps.lanes) as waits:
        await call_provider(world.deps, user, list_numbers, listing=waits)
        second = asyncio.create_task(call_provider(world.deps, user, list_numbers, listing=waits))
        await until_pages(world, "/phone-number", 3)
        assert not second.done()
        await world.advance(seconds=61)
        assert len(await second) > THREE_PAGES
    assert pages_read(world, "/phone-number") == 6


async def test_a_pause_in_the_middle_of_a_listing_is_waited_for_and_a_long_one_is_not(world: World) -> None:
    await world.ready()
    give_numbers(world, THREE_PAGES)
    await world.rows("DELETE FROM pace_slots")
    await world.deps.db.pool.execute("UPDATE provider_users SET light_limit = 1")
    world.ringcentral.requests.clear()
    for seconds, ends in ((100, False), (3600, True)):
        with missed_texts(world.deps.lanes) as waits:
            listing = asyncio.create_task(call_provider(world.deps, await user_of(world), list_numbers, listing=waits))
            await until_pages(world, "/phone-number", 1)
            until = world.clock() + timedelta(seconds=seconds)
            await world.deps.db.pool.execute("UPDATE provider_users SET paused_until = $1, light_limit = 9", until)
            if ends:
                with pytest.raises(Throttled) as refused:
                    await listing
                assert refused.value.code == "paused"
            else:
                await asyncio.sleep(0.1)
                assert not listing.done()
                await world.advance(seconds=seconds + 1)
                assert len(await listing) > THREE_PAGES
        await world.deps.db.pool.execute("DELETE FROM pace_slots")
        await world.deps.db.pool.execute("UPDATE provider_users SET light_limit = 1")
        world.ringcentral.requests.clear()


async def texts_are_missed(world: World, count: int) -> None:
    """STOP first and START last, with *count* texts of others in between, none of which was notified."""
    await world.ready()
    await world.recurring_run()
    world.ringcentral.lose_webhooks = True
    world.clock.advance(seconds=1)
    await world.ringcentral.customer_texts(ADA, SENDER, "STOP")
    for number in range(count):
        world.clock.advance(seconds=0.1)
        await world.ringcentral.customer_texts(f"+1415555{number:04}", SENDER, "Hello")
    world.clock.advance(seconds=1)
    await world.ringcentral.customer_texts(ADA, SENDER, "START")
    await world.rows("DELETE FROM pace_slots")
    await world.advance(minutes=6)
    world.ringcentral.requests.clear()


STORE = "/message-store"


async def jobs_of(world: World, name: str) -> list[str]:
    rows = await world.rows("SELECT status::text FROM pgqueuer WHERE entrypoint = $1", name)
    return [row["status"] for row in rows]


async def test_missed_texts_of_many_pages_are_read_to_the_end_by_one_job_and_heard_in_their_order(world: World) -> None:
    await texts_are_missed(world, 250)
    await world.deps.db.pool.execute("UPDATE provider_users SET light_limit = 2")
    working = asyncio.create_task(world.recurring_run())
    await until_pages(world, STORE, 2)
    assert await world.rows("SELECT id FROM inbound_messages") == []
    await repair_inbound(world.deps)
    assert await jobs_of(world, READ_MISSED) == ["picked"]
    await world.advance(seconds=62)
    await working
    assert pages_read(world, STORE) == 3
    assert await jobs_of(world, READ_MISSED) == []
    [heard] = await world.rows("SELECT count(*) FROM inbound_messages")
    assert heard["count"] == 252
    events = await world.rows("SELECT change FROM consent_events WHERE source = 'sms' ORDER BY seq")
    assert [row["change"] for row in events] == ["opt_out", "opt_in"]


@contextmanager
def all_places_taken(world: World) -> Iterator[None]:
    with ExitStack() as others:
        for _ in range(PLACES):
            others.enter_context(missed_texts(world.deps.lanes)).take_place()
        yield


async def test_missed_texts_without_a_place_for_their_second_page_wait_as_one_job(world: World) -> None:
    await texts_are_missed(world, 150)
    with all_places_taken(world):
        await world.recurring_run()
        for _ in range(3):
            await repair_inbound(world.deps)
        await world.workers_run()
        assert pages_read(world, STORE) == 1
        assert await jobs_of(world, READ_MISSED) == ["queued"]
    await world.advance(seconds=22)
    await world.workers_run()
    assert pages_read(world, STORE) == 3
    assert await jobs_of(world, READ_MISSED) == []
    [heard] = await world.rows("SELECT count(*) FROM inbound_messages")
    assert heard["count"] == 152
    [row] = await world.rows("SELECT paused_until FROM provider_users")
    assert row["paused_until"] is None


async def test_missed_texts_of_one_page_need_no_place(world: World) -> None:
    await texts_are_missed(world, 0)
    with all_places_taken(world):
        await world.recurring_run()
    assert len(await world.rows("SELECT 1 FROM consent_events WHERE source = 'sms'")) == 2


async def test_comparisons_leave_places_to_missed_texts_and_give_theirs_back(world: World) -> None:
    lanes = world.deps.lanes
    with ExitStack() as others:
        for user in range(PLACES_OF_COMPARISONS):
            others.enter_context(comparison(lanes, user)).take_place()
        with comparison(lanes, 99) as late, pytest.raises(Throttled) as refused:
            late.take_place()
        assert 60 <= refused.value.retry_after <= 180
        for _ in range(PLACES - PLACES_OF_COMPARISONS):
            others.enter_context(missed_texts(lanes)).take_place()
        with missed_texts(lanes) as late, pytest.raises(Throttled):
            late.go_on()
    with ExitStack() as others:
        for _ in range(COMPARISONS_OF_A_USER):
            others.enter_context(comparison(lanes, 1)).take_place()
        with comparison(lanes, 1) as late, pytest.raises(Throttled):
            late.take_place()
        others.enter_context(comparison(lanes, 2)).take_place()


async def test_a_use_that_has_no_slot_does_not_begin(world: World) -> None:
    await world.ready()
    user = await user_of(world)
    await world.deps.db.pool.execute("UPDATE provider_users SET light_limit = $1", await light_calls(world) + 1)
    with pytest.raises(Throttled) as refused:
        await call_provider(world.deps, user, list_numbers, cost=Cost(light=2))
    assert refused.value.code == "pace"


# --- whose JWT ---

OTHER_SHOP, OTHER_NUMBER = "second-store.myshopify.com", "+16505550188"
THEIR_NUMBER = "+16505550166"


def another_jwt(world: World) -> str:
    [user] = world.ringcentral.state.users.values()
    world.ringcentral.add_number(user, OTHER_NUMBER)
    return world.ringcentral.issue_jwt(user)


def end_sessions(world: World) -> None:
    [user] = world.ringcentral.state.users.values()
    world.ringcentral.end_sessions(user)


async def senders(world: World) -> dict[str, str]:
    rows = await world.rows("SELECT phone_number, state FROM senders WHERE state <> 'disconnected'")
    return {row["phone_number"]: row["state"] for row in rows}


async def paste(world: World, jwt: str, number: str, *, domain: str = SHOP, add: bool = False) -> None:
    answer = await world.api("PUT", "/connection", {"jwt": jwt, "add": add}, domain=domain)
    assert answer.status_code == 200, answer.text
    answer = await world.api("PUT", "/connection/number", {"phone_number": number}, domain=domain)
    assert answer.status_code == 200, answer.text


async def two_shops(world: World) -> str:
    """Another shop sends as the same user, from a number of its own. Answers the JWT that it pasted."""
    await world.ready()
    world.shopify.add_shop(OTHER_SHOP)
    await world.install(OTHER_SHOP)
    theirs = another_jwt(world)
    await paste(world, theirs, OTHER_NUMBER, domain=OTHER_SHOP)
    return theirs


async def test_a_shops_dead_jwt_stops_that_shop_and_nobody_else_on_the_same_user(world: World) -> None:
    theirs = await two_shops(world)
    world.ringcentral.revoke_jwt(theirs)
    end_sessions(world)
    await world.order()
    await world.workers_run()
    assert await senders(world) == {SENDER: "ready", OTHER_NUMBER: "broken"}
    assert [each["state"] for each in await world.messages()] == ["accepted"]
    [kept] = await world.rows("SELECT count(DISTINCT credentials_encrypted) FROM senders")
    assert kept["count"] == 2


async def test_a_paused_numbers_dead_jwt_is_not_tried_again_and_shows_when_it_is_resumed(world: World) -> None:
    theirs = await two_shops(world)
    assert (await world.api("POST", "/connection/pause", domain=OTHER_SHOP)).status_code == 200
    world.ringcentral.revoke_jwt(theirs)
    for tries in (2, 1):
        end_sessions(world)
        before = await logins(world)
        await call_provider(world.deps, await user_of(world), list_numbers)
        assert await logins(world) == before + tries
        assert await senders(world) == {SENDER: "ready", OTHER_NUMBER: "paused"}
        await world.advance(minutes=2)
    assert (await world.api("POST", "/connection/resume", domain=OTHER_SHOP)).status_code == 200
    assert await senders(world) == {SENDER: "ready", OTHER_NUMBER: "broken"}
    [row] = await world.rows("SELECT problem FROM senders WHERE state = 'broken'")
    assert row["problem"]


@pytest.mark.parametrize("paused", [True, False])
async def test_a_users_only_jwt_is_not_tried_again_once_it_was_refused(world: World, *, paused: bool) -> None:
    await world.ready()
    await world.recurring_run()
    if paused:
        assert (await world.api("POST", "/connection/pause")).status_code == 200
    world.ringcentral.revoke_jwt(world.jwt)
    end_sessions(world)
    await world.advance(hours=2)
    await world.recurring_run()
    assert await senders(world) == {SENDER: "paused" if paused else "broken"}
    calls = len(world.ringcentral.requests)
    for _ in range(3):
        await world.advance(hours=2)
        await world.recurring_run()
    assert len(world.ringcentral.requests) == calls
    said = (await world.api("GET", "/diagnostics")).text
    assert "RingCentral is connected." not in said
    await world.api("POST", "/connection/check")
    assert len(world.ringcentral.requests) == calls + 1, "a person who looks again has it tried once"
    if paused:
        assert (await world.api("POST", "/connection/resume")).status_code == 200
        assert await senders(world) == {SENDER: "broken"}
    [user] = world.ringcentral.state.users.values()
    await paste(world, world.ringcentral.issue_jwt(user), SENDER)
    calls = len(world.ringcentral.requests)
    await world.advance(hours=2)
    await world.recurring_run()
    assert await senders(world) == {SENDER: "ready"}
    assert len(world.ringcentral.requests) > calls


@pytest.mark.parametrize("paused", [True, False])
async def test_a_stop_is_heard_after_a_trouble_with_tokens_although_its_webhook_was_lost(
    world: World, *, paused: bool
) -> None:
    """The JWT was accepted each time, only the fresh tokens were not: nobody has to act for replies to be heard."""
    await world.ready()
    await world.recurring_run()
    if paused:
        assert (await world.api("POST", "/connection/pause")).status_code == 200
    world.ringcentral.lose_webhooks = True
    world.ringcentral.fail_next(401, path="/message-store*", times=2)
    await world.advance(minutes=6)
    await world.recurring_run()
    assert await senders(world) == {SENDER: "paused" if paused else "broken"}
    await world.ringcentral.customer_texts(ADA, SENDER, "STOP")
    await world.advance(minutes=15)
    await world.recurring_run()
    [heard] = await world.rows("SELECT meaning FROM inbound_messages")
    assert heard["meaning"] == "opt_out"
    if paused:
        assert (await world.api("POST", "/connection/resume")).status_code == 200
        assert await senders(world) == {SENDER: "ready"}


@pytest.mark.parametrize("trouble", ["tokens", "jwt"])
@pytest.mark.parametrize("paused", [True, False])
async def test_looking_again_mends_a_number_whose_login_works_again(
    world: World, *, paused: bool, trouble: str
) -> None:
    await world.ready()
    account = await jane(world, phone_number=SENDER)
    await world.recurring_run()
    if paused:
        assert (await world.api("POST", "/connection/pause")).status_code == 200
    if trouble == "jwt":
        world.ringcentral.revoke_jwt(world.jwt)
        end_sessions(world)
    else:
        world.ringcentral.fail_next(401, path="/message-store*", times=2)
    await world.advance(minutes=6)
    await world.recurring_run()
    assert await lent_number(world, account) == "broken"
    for each in world.ringcentral.state.jwts.values():
        each.revoked = False
    assert (await world.api("POST", "/connection/check")).status_code == 200
    found = await world.rows("SELECT DISTINCT problem_code, problem, problem_of FROM senders")
    assert [tuple(row) for row in found] == [(None, None, None)]
    assert "RingCentral is connected." in (await world.api("GET", "/diagnostics")).text
    assert await lent_number(world, account) == "ready"
    if paused:
        assert (await own_states(world)) == ["paused"]
        assert (await world.api("POST", "/connection/resume")).status_code == 200
    assert (await own_states(world)) == ["ready"]


async def test_a_lent_number_sends_again_once_its_shop_has_pasted_another_jwt(world: World) -> None:
    await world.ready()
    account = await jane(world, phone_number=SENDER)
    world.ringcentral.revoke_jwt(world.jwt)
    end_sessions(world)
    with pytest.raises(CredentialsRefused):
        await call_provider(world.deps, await user_of(world), list_numbers)
    assert await lent_number(world, account) == "broken"
    [user] = world.ringcentral.state.users.values()
    await paste(world, world.ringcentral.issue_jwt(user), SENDER)
    assert await lent_number(world, account) == "ready"


async def lent_number(world: World, account: int) -> str:
    [row] = await world.rows(f"SELECT state FROM senders WHERE account_id = {account}")
    return str(row["state"])


async def own_states(world: World) -> list[str]:
    return [row["state"] for row in await world.rows("SELECT state FROM senders WHERE account_id IS NULL")]


async def test_looking_again_believes_no_login_but_the_numbers_own(world: World) -> None:
    """The other shop's JWT keeps their user signed in, which says nothing about this one's."""
    theirs = await two_shops(world)
    world.ringcentral.revoke_jwt(theirs)
    end_sessions(world)
    await call_provider(world.deps, await user_of(world), list_numbers)
    assert await senders(world) == {SENDER: "ready", OTHER_NUMBER: "broken"}
    await world.advance(minutes=2)
    assert (await world.api("POST", "/connection/check", domain=OTHER_SHOP)).status_code == 200
    assert await senders(world) == {SENDER: "ready", OTHER_NUMBER: "broken"}


async def test_a_number_that_was_stopped_itself_is_not_mended_by_its_login(world: World) -> None:
    await world.ready()
    await world.deps.db.pool.execute("UPDATE senders SET state = 'broken', problem_code = 'X', problem_of = 'number'")
    assert (await world.api("POST", "/connection/check")).status_code == 200
    assert await senders(world) == {SENDER: "broken"}


async def test_a_good_jwt_is_tried_although_its_number_was_stopped_for_another_reason(world: World) -> None:
    """Otherwise a STOP to it would not be heard before somebody acts."""
    theirs = await two_shops(world)
    world.ringcentral.fail_next(401, path="/phone-number", times=2)
    with pytest.raises(CredentialsRefused):
        await call_provider(world.deps, await user_of(world), list_numbers)
    assert await senders(world) == {SENDER: "broken", OTHER_NUMBER: "broken"}
    world.ringcentral.revoke_jwt(theirs)
    end_sessions(world)
    await world.advance(minutes=2)
    assert await call_provider(world.deps, await user_of(world), list_numbers)


async def test_a_better_jwt_of_the_same_shop_takes_the_place_of_a_dead_one(world: World) -> None:
    await world.ready()
    newest = another_jwt(world)
    await paste(world, newest, OTHER_NUMBER, add=True)
    world.ringcentral.revoke_jwt(newest)
    end_sessions(world)
    await world.order()
    await world.workers_run()
    assert await senders(world) == {SENDER: "ready", OTHER_NUMBER: "ready"}
    assert [each["state"] for each in await world.messages()] == ["accepted"]
    await world.advance(minutes=2)
    end_sessions(world)
    before = await logins(world)
    await call_provider(world.deps, await user_of(world), list_numbers)
    assert await logins(world) == before + 1


async def test_with_no_good_jwt_left_all_numbers_stop(world: World) -> None:
    await world.ready()
    newest = another_jwt(world)
    await paste(world, newest, OTHER_NUMBER, add=True)
    for jwt in (newest, world.jwt):
        world.ringcentral.revoke_jwt(jwt)
    end_sessions(world)
    with pytest.raises(CredentialsRefused):
        await call_provider(world.deps, await user_of(world), list_numbers)
    assert await senders(world) == {SENDER: "broken", OTHER_NUMBER: "broken"}


async def logins(world: World) -> int:
    [row] = await world.rows("SELECT count(*) FROM pace_slots WHERE call_group = 'auth'")
    return int(row["count"])


async def test_pasting_a_jwt_counts_as_one_of_the_five_logins_of_a_minute(world: World) -> None:
    await world.ready()
    assert await logins(world) == 1
    for _ in range(3):
        await world.connect()
    end_sessions(world)
    with pytest.raises(Throttled) as refused:
        await call_provider(world.deps, await user_of(world), list_numbers)
    assert refused.value.code == "pace"


# --- hearing of replies ---


@pytest.mark.parametrize(
    ("method", "path", "form"),
    [("PUT", "/connection/number", {"phone_number": SENDER}), ("POST", "/connection/check", None)],
    ids=["choosing a number", "checking again"],
)
async def test_a_subscription_that_a_limit_cut_short_is_made_right_after_it(
    world: World, method: str, path: str, form: dict[str, str] | None
) -> None:
    await world.ready()
    await world.workers_run()
    await world.advance(minutes=2)
    await world.deps.db.pool.execute("UPDATE provider_users SET subscription_id = NULL")
    world.ringcentral.state.subscriptions.clear()
    world.ringcentral.fail_next(429, retry_after=60, path="/subscription")
    await world.api(method, path, form)
    assert world.ringcentral.state.subscriptions == {}
    await world.workers_run()
    assert world.ringcentral.state.subscriptions == {}
    await world.advance(seconds=65)
    await world.workers_run()
    assert len(world.ringcentral.state.subscriptions) == 1


# --- leaving ---


async def test_leaving_during_a_penalty_calls_nobody_and_is_made_up_for_after_it(world: World) -> None:
    await world.ready()
    world.ringcentral.fail_next(429, retry_after=60, path="/phone-number")
    with pytest.raises(Throttled):
        await call_provider(world.deps, await user_of(world), list_numbers)
    calls = len(world.ringcentral.requests)
    assert (await world.api("DELETE", "/connection")).status_code == 200
    await world.workers_run()
    assert len(world.ringcentral.requests) == calls
    assert await senders(world) == {}
    await world.advance(seconds=65)
    await world.workers_run()
    assert world.ringcentral.state.subscriptions == {}
    [user] = await world.rows("SELECT access_token_encrypted, subscription_id FROM provider_users")
    assert (user["access_token_encrypted"], user["subscription_id"]) == (None, None)


def their_own(world: World) -> dict[str, str]:
    """What an account connects a number of its own with."""
    theirs = world.ringcentral.add_user()
    world.ringcentral.add_number(theirs, THEIR_NUMBER)
    return {"jwt": world.ringcentral.issue_jwt(theirs), "phone_number": THEIR_NUMBER}


async def test_a_lent_number_ends_with_its_shops_own_login_though_another_shop_has_the_same_user(world: World) -> None:
    await two_shops(world)
    await jane(world, phone_number=SENDER)
    assert (await world.api("DELETE", "/connection")).status_code == 200
    assert await senders(world) == {OTHER_NUMBER: "ready"}


async def test_an_account_is_never_without_a_number_while_its_own_login_gives_way_to_a_lent_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.ready()
    account = await jane(world, **their_own(world))
    seen: list[list[str]] = []

    async def log_out(self: RingCentral, *_: object) -> None:
        rows = await world.rows("SELECT state FROM senders WHERE account_id IS NOT NULL ORDER BY id")
        seen.append([row["state"] for row in rows])

    monkeypatch.setattr(RingCentral, "log_out", log_out)
    assert (await world.api("PUT", f"/connect/accounts/{account}", {"phone_number": SENDER})).status_code == 200
    assert seen == [["disconnected", "ready"]]
    assert await senders(world) == {SENDER: "ready"}


@pytest.mark.parametrize("own_login", [True, False])
async def test_an_account_keeps_what_it_has_when_ringcentral_fails_while_it_is_lent_a_number(
    world: World, *, own_login: bool
) -> None:
    await world.ready()
    another_jwt(world)
    await world.connect()
    account = await jane(world, **their_own(world) if own_login else {"phone_number": SENDER})
    before = await world.rows("SELECT state, phone_number, credentials_encrypted FROM senders ORDER BY id")
    path = f"/connect/accounts/{account}"
    for status, trouble in ((503, "/subscription/*"), (429, "/sms-configuration")):
        world.ringcentral.fail_next(status, path=trouble, retry_after=60)
        failed = await world.api("PUT", path, {"phone_number": OTHER_NUMBER})
        assert failed.status_code >= 400, (trouble, failed.text)
        assert await world.rows("SELECT state, phone_number, credentials_encrypted FROM senders ORDER BY id") == before
        shown = (await world.api("GET", path)).json()
        assert shown["phone_number"] == (THEIR_NUMBER if own_login else SENDER)
        await world.advance(seconds=65)
    assert (await world.api("PUT", path, {"phone_number": OTHER_NUMBER})).status_code == 200
    assert (await world.api("GET", path)).json()["phone_number"] == OTHER_NUMBER
