"""The fence in one statement: it lets a text go only where nothing at all has changed since the gate."""

from datetime import timedelta

import pytest

from app.messages.claim import Claimed, claim_due
from app.messages.dispatch import send_due_messages
from app.messages.fence import LONGEST_WAY, fence_at_once
from app.messages.gate import Go
from app.messages.kinds import HELP_REPLY, STOP_CONFIRMATION
from app.messages.models import MessageState
from app.messages.send import LEASE, pass_or_settle
from app.shops.pace import Limits, tells_news
from app.sms.contract import CallGroup, RateReport
from tests.messages.engine import Engine

ADA = "+12125550123"
OPT_OUT = "INSERT INTO suppressions (shop_id, phone_hash, since, held) SELECT shop_id, $1, now(), {} FROM senders"
CHANGES = {
    "opted out": OPT_OUT.format("false"),
    "held for a decision": OPT_OUT.format("true"),
    "number paused": "UPDATE senders SET state = 'paused'",
    "user paused": "UPDATE provider_users SET paused_until = $1::timestamptz + interval '1 second'",
    "no token": "UPDATE provider_users SET access_token_encrypted = NULL",
    "a token that ends": "UPDATE provider_users SET token_expires_at = $1::timestamptz + interval '2 minutes'",
    "claimed by another": "UPDATE messages SET fence = fence + 1",
    "given up": "UPDATE messages SET state = 'queued'",
    "another shop's": "UPDATE messages SET shop_id = $1",
    "slot lost": "DELETE FROM pace_slots",
}


async def ready_text(engine: Engine, *, kind: str | None = None) -> tuple[Claimed, Go]:
    """Claimed and through the gate: an order's text, or an answer to a keyword, of *kind*."""
    user = await engine.add_user()
    shop = await engine.add_shop(user)
    if kind is None:
        await engine.queue_order(shop, "1", ADA)
    else:
        await engine.queue_reply(shop, shop, ADA, "1")
        await engine.deps.db.pool.execute("UPDATE messages SET kind = $1", kind)
    async with engine.deps.db.transaction() as session:
        [held] = await claim_due(session, {user: 1}, holder="here", now=engine.clock(), lease=LEASE)
    ready = await pass_or_settle(engine.deps, held)
    assert ready is not None
    return held, ready


async def change(engine: Engine, sql: str) -> None:
    """$1 is what the statement is about: a phone's fingerprint, another shop, or now."""
    if "phone_hash" in sql:
        await engine.deps.db.pool.execute(sql, engine.deps.vault.fingerprint(ADA))
    elif "shop_id = $1" in sql:
        other = await engine.add_shop(await engine.add_user(owner_id="2"), "other.myshopify.com")
        await engine.deps.db.pool.execute(sql, other)
    else:
        await engine.deps.db.pool.execute(sql, *([engine.clock()] if "$1" in sql else []))


@pytest.mark.parametrize("what", CHANGES)
async def test_a_text_for_which_something_changed_is_not_let_go(engine: Engine, what: str) -> None:
    held, ready = await ready_text(engine)
    await change(engine, CHANGES[what])
    engine.clock.advance(seconds=0.5)
    assert await fence_at_once(engine.deps, held, ready, lease=LEASE) is None
    assert await engine.value("SELECT called_at FROM messages") is None
    taken = await engine.value("SELECT taken_at FROM pace_slots")
    assert taken is None or taken < engine.clock()


async def test_a_text_that_took_too_long_or_whose_user_was_just_told_to_pause_is_not_let_go(engine: Engine) -> None:
    held, ready = await ready_text(engine)
    engine.deps.turns.pause(held.provider_user_id, engine.clock() + timedelta(seconds=1))
    assert await fence_at_once(engine.deps, held, ready, lease=LEASE) is None
    engine.clock.advance(seconds=LONGEST_WAY.total_seconds())
    assert await fence_at_once(engine.deps, held, ready, lease=LEASE) is None
    assert await engine.value("SELECT called_at FROM messages") is None


async def test_what_is_let_go_is_stored_with_its_text_and_its_slot_starts_anew(engine: Engine) -> None:
    held, ready = await ready_text(engine)
    engine.clock.advance(seconds=5)
    access = await fence_at_once(engine.deps, held, ready, lease=LEASE)
    assert access is not None
    assert access.access_token == engine.provider.good_token
    [row] = await engine.rows("SELECT * FROM messages")
    assert (row["called_at"], row["lease_until"]) == (engine.clock(), engine.clock() + LEASE)
    assert engine.deps.vault.decrypt(row["sent_text_encrypted"]) == ready.composed.text
    assert engine.deps.vault.decrypt(row["text_encrypted"]) == ready.composed.logged
    assert engine.deps.vault.decrypt(row["phone_encrypted"]) == ADA
    assert '"text_composed"' in row["checks"]
    assert await engine.value("SELECT taken_at FROM pace_slots") == engine.clock()


@pytest.mark.parametrize(("kind", "goes"), [(STOP_CONFIRMATION.name, True), (HELP_REPLY.name, False)])
async def test_of_all_answers_the_confirmation_of_stop_goes_to_who_opted_out(
    engine: Engine, kind: str, goes: bool
) -> None:
    held, ready = await ready_text(engine, kind=kind)
    await change(engine, CHANGES["opted out"])
    assert (await fence_at_once(engine.deps, held, ready, lease=LEASE) is not None) is goes


async def test_an_accepted_text_leaves_one_transition_and_a_stamped_slot(engine: Engine) -> None:
    await engine.queue_order(await engine.add_shop(await engine.add_user()), "1", ADA)
    await send_due_messages(engine.deps)
    moves = [(row["from_state"], row["to_state"]) for row in await engine.rows("SELECT * FROM message_transitions")]
    assert moves[-1] == (MessageState.SENDING, MessageState.ACCEPTED)
    assert len(moves) == 3
    assert await engine.value("SELECT answered_at FROM pace_slots") == engine.clock()
    assert await engine.value("SELECT sent_text_encrypted FROM messages") is None


KNOWN = Limits(window_seconds=60, call_limit=36, call_reserve=4, light_limit=45)


@pytest.mark.parametrize(
    ("known", "rate", "group", "news"),
    [
        (KNOWN, None, CallGroup.MEDIUM, False),
        (KNOWN, RateReport("medium", 0, 0, 60.0), CallGroup.MEDIUM, False),
        (KNOWN, RateReport("medium", 40, 5, 60.0), CallGroup.MEDIUM, False),
        (KNOWN, RateReport("light", 50, 5, 60.0), CallGroup.LIGHT, False),
        (KNOWN, RateReport("medium", 40, 0, 60.0), CallGroup.MEDIUM, True),
        (KNOWN, RateReport("medium", 50, 5, 60.0), CallGroup.MEDIUM, True),
        (KNOWN, RateReport("medium", 40, 5, 30.0), CallGroup.MEDIUM, True),
        (KNOWN, RateReport("light", 40, 5, 60.0), CallGroup.LIGHT, True),
        (None, RateReport("medium", 40, 5, 60.0), CallGroup.MEDIUM, True),
    ],
)
def test_headers_are_written_down_only_when_they_tell_news(
    known: Limits | None, rate: RateReport | None, group: CallGroup, news: bool
) -> None:
    assert tells_news(known, rate, group) is news
