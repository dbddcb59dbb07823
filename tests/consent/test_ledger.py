"""The ledger: what was recorded stays as it was, and what was done to it all the same is seen."""

import hashlib
import json

import asyncpg
import pytest
from cryptography.fernet import Fernet
from rich.progress import Progress

from app.consent.chain import Verification, verify_chain
from app.core.rotation import rotate_keys
from tests.world import ADA, SHOP, World


async def verified(world: World) -> Verification:
    async with world.deps.db.transaction() as session:
        return await verify_chain(world.deps, session, 1)


async def some_history(world: World) -> None:
    await world.ready()
    await world.texts_from(ADA, "STOP")
    await world.advance(minutes=1)
    await world.texts_from(ADA, "START")
    await world.api("POST", "/opt-outs", {"phone": ADA, "method": "phone", "words": "please no more"})
    await world.workers_run()


async def unguarded(world: World, statement: str) -> None:
    """As somebody with all rights on the database could do it."""
    await world.deps.db.pool.execute(
        f"ALTER TABLE consent_events DISABLE TRIGGER USER; {statement}; ALTER TABLE consent_events ENABLE TRIGGER USER"
    )


async def test_every_change_is_linked_to_the_one_before_with_words_and_rule(world: World) -> None:
    await some_history(world)
    proof = await verified(world)
    assert proof.intact
    assert proof.events >= 3
    events = await world.rows("SELECT * FROM consent_events WHERE change IN ('opt_out', 'opt_in') ORDER BY seq")
    stop, start, staff = [each for each in events if each["source"] in ("sms", "staff")]
    assert (stop["rule"], stop["state_before"], stop["state_after"]) == ("exact:stop", "not_suppressed", "suppressed")
    assert (start["state_before"], start["state_after"]) == ("suppressed", "not_suppressed")
    assert (staff["method"], staff["actor"]) == ("phone", "staff:1")
    assert stop["matcher_version"]
    assert stop["confirmation"] == "provider"
    assert world.deps.vault.decrypt(staff["words_encrypted"]) == "please no more"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE consent_events SET change = 'opt_in' WHERE seq = 1",
        "UPDATE consent_events SET at = at + interval '1 day' WHERE seq = 1",
        "UPDATE consent_events SET words_hash = NULL WHERE seq = 1",
        "UPDATE consent_events SET hash = previous_hash WHERE seq = 1",
        "DELETE FROM consent_events WHERE seq = 1",
        "TRUNCATE consent_events",
    ],
)
async def test_the_database_refuses_to_change_what_was_recorded(world: World, statement: str) -> None:
    await world.ready()
    await world.texts_from(ADA, "STOP")
    with pytest.raises(asyncpg.RaiseError, match="evidence"):
        await world.deps.db.pool.execute(statement)
    assert (await verified(world)).intact


async def test_what_was_forced_all_the_same_is_seen(world: World) -> None:
    await some_history(world)
    last = (await verified(world)).events
    forged = world.deps.vault.encrypt("I love these texts").hex()
    for statement, broken_at in (
        ("UPDATE consent_events SET actor = 'nobody' WHERE seq = 2", 2),
        (f"UPDATE consent_events SET words_encrypted = '\\x{forged}' WHERE seq = 1", 1),
        (f"DELETE FROM consent_events WHERE seq = {last}", last),
        ("DELETE FROM consent_events WHERE seq = 2", 3),
    ):
        await world.deps.db.pool.execute("CREATE TABLE kept AS SELECT * FROM consent_events")
        await unguarded(world, statement)
        proof = await verified(world)
        assert (proof.intact, proof.broken_at) == (False, broken_at), statement
        assert proof.problem
        await unguarded(
            world, "DELETE FROM consent_events; INSERT INTO consent_events SELECT * FROM kept; DROP TABLE kept"
        )
        assert (await verified(world)).intact


async def test_the_chain_survives_erasure_and_new_keys(world: World, database_url: str) -> None:
    await some_history(world)
    before = await verified(world)
    old = world.deps.settings.encryption_keys[0].get_secret_value()
    with Progress(disable=True) as progress:
        await rotate_keys([Fernet.generate_key().decode(), old], database_url, progress)
    # The running process does not have the new key, so it cannot read the words; the links themselves stand.
    hashes = await world.rows("SELECT encode(hash, 'hex') AS hash FROM consent_events ORDER BY seq DESC LIMIT 1")
    assert hashes[0]["hash"] == before.head
    await world.shopify.send_customers_redact(SHOP, world.ada)
    await world.workers_run()
    after = await verified(world)
    assert (after.intact, after.head) == (True, before.head)
    [left] = await world.rows(
        "SELECT count(*) FROM consent_events WHERE phone_encrypted IS NOT NULL OR words_encrypted IS NOT NULL"
    )
    assert left["count"] == 0
    assert await world.rows("SELECT 1 FROM suppressions WHERE lifted_at IS NULL")  # and STOP is still honoured


async def test_events_go_only_with_their_shop(world: World) -> None:
    await some_history(world)
    await world.shopify.uninstall(SHOP)
    await world.workers_run()
    await world.shopify.send_shop_redact(SHOP)
    await world.workers_run()
    assert await world.rows("SELECT 1 FROM consent_events") == []


async def test_anybody_can_compute_a_link_again(world: World) -> None:
    await some_history(world)
    evidence = (await world.api("GET", "/consent/evidence?phone=%2B12125550123")).json()
    assert evidence["chain"]["intact"]
    for event in evidence["consent_events"]:
        canonical = json.dumps(event["proven"], sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        linked = hashlib.sha256(bytes.fromhex(event["previous_hash"]) + canonical.encode()).hexdigest()
        assert linked == event["hash"]
