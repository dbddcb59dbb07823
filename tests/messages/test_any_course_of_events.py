"""Random courses of events against the engine: whatever happens in whatever order, no text is lost or sent twice.

Workers die before, during and after a call, answers of every class come, late or never; customers text STOP, staff
cancel and send again, statuses repeat and come late. After each step every transition made so far must be a legal one
and no message may have more texts than it was sent for; at the end, with all well again, every message must have
come to its end. Hypothesis prints the shortest course that breaks a rule.
"""

import asyncio
import os
import warnings
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from app.core.errors import Conflict
from app.messages.dispatch import Dispatch
from app.messages.models import MessageState
from app.messages.receive import receive_text
from app.messages.recover import resolve_unknown, sweep
from app.messages.resend import cancel_message, resend_message
from app.messages.states import TRANSITIONS
from app.messages.status import look_soon, read_due_statuses
from app.shops.queries import get_shop
from app.sms.contract import DeliveryState, InboundText
from tests.messages.engine import OURS, Engine, open_engine
from tests.messages.scripted import ANSWERS, Killed

EXAMPLES = int(os.environ.get("ENGINE_EXAMPLES", "20"))
PHONES = ("+12125550123", "+14155550167", "+13055550142")
TEXTS_AGAIN = ("sent again by", "not delivered: tried once more")
SETTLED = {"delivered", "sent", "accepted", "failed", "skipped", "expired", "cancelled"}
TABLES = "shops, provider_users, senders, messages, message_transitions, pace_slots, deliveries, pgqueuer"

phones = st.sampled_from(PHONES)
workers = st.sampled_from((0, 1))


class Course(RuleBasedStateMachine):
    """One course of events. *engine* and *runner* are shared by all courses of a run."""

    engine: Engine
    runner: asyncio.Runner

    @initialize()
    def begin(self) -> None:
        self.run(self._begin())

    async def _begin(self) -> None:
        engine = self.engine
        async with engine.deps.db.pool.acquire() as connection, connection.transaction():
            # The ledger of consent refuses to be emptied; a new course of events is a new world.
            await connection.execute("SET LOCAL session_replication_role = replica")
            await connection.execute(f"TRUNCATE {TABLES} CASCADE")
        provider = engine.provider
        for kept in (provider.plan, engine.shopify.plan, provider.accepted, provider.broken_rules, provider.calls):
            kept.clear()
        provider.suppressed = set()
        provider.penalty_until, provider.store_is_down, provider.good_token = None, False, "token-0"
        provider.logins = 0
        self.user = await engine.add_user()
        self.shop = await engine.add_shop(self.user)
        self.sender = await engine.value("SELECT id FROM senders")
        self.workers = [engine.worker(), engine.worker()]
        self.events = 0

    # --- what is asked of the engine ---

    @rule(phone=phones)
    def order(self, phone: str) -> None:
        self.run(self.engine.queue_order(self.shop, str(self._next()), phone))

    @rule(phone=phones)
    def order_and_fulfilment(self, phone: str) -> None:
        order_id = str(self._next())
        self.run(self.engine.queue_order(self.shop, order_id, phone))
        self.run(self.engine.queue_order(self.shop, order_id, phone, kind="order_fulfilled"))

    @rule(phone=phones)
    def reply(self, phone: str) -> None:
        self.run(self.engine.queue_reply(self.shop, self.sender, phone, str(self._next())))

    @rule(number=st.integers(0, 11))
    def cancel(self, number: int) -> None:
        self.run(self._staff(cancel_message, number))

    @rule(number=st.integers(0, 11))
    def send_again(self, number: int) -> None:
        self.run(self._staff(resend_message, number))

    # --- what happens outside ---

    @rule(answers=st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=3))
    def answers(self, answers: list[str]) -> None:
        self.engine.provider.plan.extend(answers)

    @rule(answers=st.lists(st.sampled_from(("answer", "away", "die", "cancelled")), min_size=1, max_size=2))
    def shopify_answers(self, answers: list[str]) -> None:
        self.engine.shopify.plan.extend(answers)

    @rule(down=st.booleans())
    def message_store(self, down: bool) -> None:
        self.engine.provider.store_is_down = down

    @rule(
        number=st.integers(0, 11),
        outcome=st.sampled_from(
            ("sent", "delivered", "SMS-RC-413", "SMS-CAR-411", "SMS-CAR-450", "SMS-CAR-199", "SMS-RC-500")
        ),
    )
    def delivery(self, number: int, outcome: str) -> None:
        """Only of texts that nothing was reported about for good: what has arrived has arrived."""
        open_ones = [
            each for each in self.engine.provider.accepted if each.state in (DeliveryState.QUEUED, DeliveryState.SENT)
        ]
        if number < len(open_ones):
            failed = outcome.startswith("SMS-")
            open_ones[number].state = DeliveryState.FAILED if failed else DeliveryState(outcome)
            open_ones[number].error_code = outcome if failed else None

    @rule(times=st.integers(1, 2))
    def notified(self, times: int) -> None:
        for _ in range(times):
            self.run(look_soon(self.engine.deps, self.user))

    @rule(phone=phones, word=st.sampled_from(("STOP", "START", "maybe later")), times=st.integers(1, 2))
    def customer_texts(self, phone: str, word: str, times: int) -> None:
        text = InboundText(f"in-{self._next()}", phone, (OURS,), OURS, word, self.engine.clock())
        for _ in range(times):
            self.run(receive_text(self.engine.deps, self.user, text))
        self.run(self._note_suppressed())

    @rule()
    def late_answers(self) -> None:
        self.run(self._release())

    # --- what the machine does ---

    @rule(which=workers)
    def send(self, which: int) -> None:
        self.run(self._turn(which))

    @rule(which=workers)
    def worker_dies(self, which: int) -> None:
        self.workers[which] = self.engine.worker()

    @rule(which=workers)
    def heartbeat(self, which: int) -> None:
        self.run(self.workers[which].keep_leases())

    @rule(seconds=st.sampled_from((1, 5, 12, 41, 61, 130, 900, 11_000)))
    def time_passes(self, seconds: int) -> None:
        self.engine.clock.advance(seconds=seconds)

    @rule()
    def swept(self) -> None:
        self.run(sweep(self.engine.deps))

    @rule()
    def looked_up(self) -> None:
        self.run(resolve_unknown(self.engine.deps))

    @rule()
    def statuses_read(self) -> None:
        self.run(read_due_statuses(self.engine.deps))
        self.run(self._note_suppressed())

    # --- the rules ---

    @invariant()
    def nothing_is_against_the_rules(self) -> None:
        if hasattr(self, "shop"):
            self.run(self._check())

    def teardown(self) -> None:
        if hasattr(self, "shop"):
            self.run(self._all_well_again())

    async def _check(self) -> None:
        assert self.engine.provider.broken_rules == []
        at: dict[int, str | None] = {}
        allowed: dict[int, int] = {}
        for row in await self.engine.rows(
            "SELECT message_id, from_state, to_state, cause FROM message_transitions ORDER BY id"
        ):
            before = at.get(row["message_id"])
            assert row["from_state"] == before, f"{row} follows {before}"
            if before is not None:
                assert MessageState(row["to_state"]) in TRANSITIONS[MessageState(before)], f"illegal: {row}"
            at[row["message_id"]] = row["to_state"]
            again = row["cause"].startswith(TEXTS_AGAIN)
            allowed[row["message_id"]] = allowed.get(row["message_id"], 1) + again
        for row in await self.engine.rows("SELECT id, state, order_id, subject, kind, reason_code FROM messages"):
            assert row["state"] == at[row["id"]]
            texts = len(self._texts_of(row))
            assert texts <= allowed[row["id"]], f"{texts} texts for {dict(row)}"
            if row["state"] in ("failed", "skipped", "expired", "cancelled"):
                assert row["reason_code"]

    async def _all_well_again(self) -> None:
        engine = self.engine
        engine.provider.plan.clear()
        engine.shopify.plan.clear()
        engine.provider.store_is_down = False
        await self._release()
        await engine.deps.db.pool.execute("UPDATE senders SET state = 'ready', paused_until = NULL")
        states: list[Any] = []
        for _ in range(80):
            engine.clock.advance(seconds=45)
            await sweep(engine.deps)
            await resolve_unknown(engine.deps)
            await self._turn(0)
            await read_due_statuses(engine.deps)
            await self._note_suppressed()
            states = await engine.rows("SELECT id, state, order_id, subject, kind FROM messages")
            if all(row["state"] in SETTLED for row in states):
                break
        await self._check()
        for row in states:
            assert row["state"] in SETTLED, f"lost: {dict(row)}"
            if row["state"] in ("accepted", "sent", "delivered"):
                assert self._texts_of(row), f"never sent: {dict(row)}"

    # --- how it is done ---

    def run(self, work: Any) -> Any:
        return self.runner.run(work)

    def _next(self) -> int:
        self.events += 1
        return 1000 + self.events

    def _texts_of(self, row: Any) -> list[str]:
        words = {
            "order_confirmed": f"order #{row['order_id']} has been confirmed",
            "order_fulfilled": f"order #{row['order_id']} has been fulfilled",
            "help_reply": f"Help {row['subject']}",
        }
        word = words.get(row["kind"])
        return [each.id for each in self.engine.provider.accepted if word is not None and word in each.text + " "]

    async def _turn(self, which: int) -> None:
        dispatch: Dispatch = self.workers[which]
        dispatch.look_now()
        for _ in range(6):
            started = await dispatch.turn()
            for _ in range(400):
                # Calls without an answer stay under way; everything else comes to an end.
                if len(dispatch._tasks) <= len(self.engine.provider.unanswered):
                    break
                await asyncio.sleep(0.002)
            dispatch.look_now()
            if not started:
                return

    async def _release(self) -> None:
        for released in self.engine.provider.unanswered:
            released.set()
        self.engine.provider.unanswered.clear()
        for dispatch in self.workers:
            await dispatch.finish()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        if others:
            await asyncio.wait(others, timeout=5)

    async def _staff(self, deed: Any, number: int) -> None:
        ids = [row["id"] for row in await self.engine.rows("SELECT id FROM messages ORDER BY id")]
        if number >= len(ids):
            return
        try:
            async with self.engine.deps.db.transaction() as session:
                shop = await get_shop(session, self.shop)
                await deed(self.engine.deps, session, shop, ids[number], actor="staff")
        except Conflict:
            pass

    async def _note_suppressed(self) -> None:
        rows = await self.engine.rows("SELECT phone_hash FROM suppressions WHERE lifted_at IS NULL")
        hashes = {row["phone_hash"] for row in rows}
        fingerprint = self.engine.deps.vault.fingerprint
        self.engine.provider.suppressed = {phone for phone in PHONES if fingerprint(phone) in hashes}


@pytest.mark.slow
def test_any_course_of_events_keeps_the_rules(postgres: str, template_database: str) -> None:
    from tests.conftest import run_sql, with_name

    name = "sms_test_course"
    run_sql(postgres, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} TEMPLATE sms_test_template")
    with asyncio.Runner() as runner:
        runner.get_loop().set_exception_handler(_ignore_deaths)
        opened = open_engine(with_name(postgres, name))
        Course.engine, Course.runner = runner.run(opened.__aenter__()), runner
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ResourceWarning)
                run_state_machine_as_test(
                    Course,
                    settings=settings(
                        max_examples=EXAMPLES,
                        stateful_step_count=35,
                        deadline=None,
                        print_blob=True,
                        suppress_health_check=list(HealthCheck),
                    ),
                )
        finally:
            runner.run(opened.__aexit__(None, None, None))
    run_sql(postgres, f"DROP DATABASE {name} WITH (FORCE)")


def _ignore_deaths(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    if not isinstance(context.get("exception"), Killed):
        loop.default_exception_handler(context)
