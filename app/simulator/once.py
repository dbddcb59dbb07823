"""The whole road once, without a browser: install, connect, order, parcel, HELP, STOP, START, with a transcript.

Everything goes over HTTP as it would with the real services. Each step asserts what it claims to show; the first claim
that does not hold ends the run and is named.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

from app.simulator.children import ChildEnded
from app.simulator.demo_shop import ADA, SENDER, SHOP
from app.simulator.merchant import Answered, Merchant
from app.simulator.shopify.state import Customer, Order
from app.simulator.transcript import Transcript
from app.simulator.trial import Trial

PATIENCE_SECONDS = 20.0
QUIET_SECONDS = 1.0

Step = Callable[[], Awaitable[None]]


class StepFailed(Exception):
    """Something that a step claims did not happen."""


async def walk(trial: Trial, write: Callable[[str], None]) -> bool:
    """True when every step really happened; the transcript goes to *write* as it happens."""
    transcript = Transcript(trial.shopify, trial.ringcentral, write)
    async with Merchant(trial.shopify, SHOP, trial.ports.app_url) as merchant:
        road = Road(trial, merchant, transcript)
        for number, (title, step) in enumerate(road.steps(), start=1):
            transcript.title(number, title)
            try:
                await _while_all_run(trial, step)
            except (StepFailed, Answered, ChildEnded) as failure:
                transcript.failed(number, title, str(failure))
                return False
    transcript.done(number)
    return True


async def _while_all_run(trial: Trial, step: Step) -> None:
    watching, working = asyncio.create_task(trial.children.watch()), asyncio.ensure_future(step())
    try:
        done, _ = await asyncio.wait((watching, working), return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            await task
    finally:
        watching.cancel()
        working.cancel()
        await asyncio.gather(watching, working, return_exceptions=True)


class Road:
    def __init__(self, trial: Trial, merchant: Merchant, transcript: Transcript) -> None:
        self._trial, self._merchant, self._transcript = trial, merchant, transcript
        self._shopify, self._ringcentral = trial.shopify, trial.ringcentral
        self._orders: list[Order] = []

    def steps(self) -> tuple[tuple[str, Step], ...]:
        return (
            ("The merchant installs the app by opening it in Shopify Admin", self.install),
            ("The merchant connects RingCentral: a JWT, then a number", self.connect),
            ("The app asks Shopify for the webhooks that its texts need", self.registered),
            ("Ada, who agreed to texts, places an order", self.order),
            ("The order is sent, with tracking", self.fulfil),
            ("Ada texts HELP", self.help),
            ("Ada texts STOP", self.stop),
            ("Ada orders again, and is left in peace", self.order_after_stop),
            ("Ada texts START and orders a third time", self.start),
        )

    @property
    def ada(self) -> Customer:
        return next(each for each in self._shopify.shops[SHOP].customers.values() if each.phone == ADA)

    async def install(self) -> None:
        response = await self._merchant.open_app("/")
        policy = response.headers.get("content-security-policy", "")
        self._claim(f"https://{SHOP}" in policy, "The document may be framed by this shop only.")
        self._transcript.line(f"GET /?{{signed query}} → {response.status_code}, framed by https://{SHOP} only")
        self._claim(bool(self._shopify.shops[SHOP].tokens), "The app exchanged the ID token for an access token.")
        self._transcript.line("ID token exchanged for an expiring access token")

    async def connect(self) -> None:
        before = await self._merchant.get("/api/admin/connection")
        self._transcript.line(f"GET /api/admin/connection → {_words(before)}")
        found = await self._merchant.put("/api/admin/connection", {"jwt": self._trial.jwt})
        self._transcript.line(f"PUT /api/admin/connection (jwt) → {_words(found)}")
        self._claim(SENDER in str(found), f"The number {SENDER} is offered.")
        self._claim(self._trial.jwt not in str(found), "The JWT is never shown again.")
        chosen = await self._merchant.put("/api/admin/connection/number", {"phone_number": SENDER})
        self._transcript.line(f"PUT /api/admin/connection/number ({SENDER}) → {_words(chosen)}")
        self._claim(bool(self._ringcentral.state.subscriptions), "RingCentral calls the app when a customer texts.")
        settings = await self._merchant.put("/api/admin/settings", {"quiet_hours": {"enabled": False}})
        self._claim(settings["quiet_hours"]["enabled"] is False, "Quiet hours are off.")
        self._transcript.line("PUT /api/admin/settings: quiet hours off, or at night this run would wait for 9:00")

    async def registered(self) -> None:
        wanted = {"orders/create", "orders/fulfilled"}
        await self._until(lambda: wanted <= self._topics(), "orders/create and orders/fulfilled are subscribed to.")
        self._transcript.line("webhookSubscriptionCreate: " + ", ".join(sorted(self._topics())))

    async def order(self) -> None:
        await self._place_order()
        await self._texted("order_confirmed", self._orders[-1])

    async def fulfil(self) -> None:
        order = self._orders[-1]
        tracking = "https://www.ups.com/track?tracknum=1Z999AA10123456784"
        await self._shopify.fulfil_order(
            SHOP, order, tracking_company="UPS", tracking_number="1Z999AA10123456784", tracking_url=tracking
        )
        text = await self._texted("order_fulfilled", order)
        self._claim(tracking in text, "The text holds the parcel's tracking address.")

    async def help(self) -> None:
        (reply,) = await self._answers_to("HELP", 1)
        self._claim("STOP" in reply, "The answer says how to stop the texts.")
        self._consent("SUBSCRIBED")

    async def stop(self) -> None:
        await self._answers_to("STOP", 1)
        await self._until(lambda: self.ada.consent == "UNSUBSCRIBED", "Shopify knows that Ada unsubscribed.")
        self._consent("UNSUBSCRIBED")

    async def order_after_stop(self) -> None:
        order, before = await self._place_order(), len(self._received())
        message = await self._settled("order_confirmed", order)
        self._transcript.message(message)
        self._claim(message["state"] in ("skipped", "cancelled"), "The message was not sent.")
        self._claim(bool(message["reason"] and message["reason"]["sentence"]), "The log says why.")
        await asyncio.sleep(QUIET_SECONDS)
        self._claim(len(self._received()) == before, "Nothing arrived on Ada's telephone.")
        self._transcript.line("nothing arrived on Ada's telephone")

    async def start(self) -> None:
        await self._ringcentral.customer_texts(ADA, SENDER, "START")
        self._transcript.texts()
        await self._until(lambda: self.ada.consent == "SUBSCRIBED", "Shopify knows that Ada subscribed again.")
        self._transcript.news()
        self._consent("SUBSCRIBED")
        await self._texted("order_confirmed", await self._place_order())

    # What steps are made of

    async def _place_order(self) -> Order:
        order = await self._shopify.place_order(SHOP, self.ada)
        self._orders.append(order)
        return order

    async def _texted(self, kind: str, order: Order) -> str:
        """The one text about *order*, once it has arrived on the handset."""
        message = await self._settled(kind, order)
        self._transcript.message(message)
        self._claim(message["state"] in ("accepted", "sent", "delivered"), f"The {kind} text was sent.")
        await self._until(lambda: any(order.name in text for text in self._received()), "The text arrived.")
        self._transcript.texts()
        told = [sent for sent in self._ringcentral.sent if sent["to"] == ADA and order.name in sent["text"]]
        wanted = 1 if kind == "order_confirmed" else 2
        self._claim(len(told) == wanted, f"One text of each kind was sent about {order.name}, not {len(told)} in all.")
        return told[-1]["text"]

    async def _settled(self, kind: str, order: Order) -> dict[str, Any]:
        """The message as the log shows it, once it waits for nothing more."""
        found: dict[str, Any] = {}

        async def look() -> bool:
            for row in (await self._merchant.get("/api/admin/messages"))["messages"]:
                if (
                    row["kind"] == kind
                    and row["order_name"] == order.name
                    and row["state"] not in ("queued", "sending")
                ):
                    found.update(await self._merchant.get(f"/api/admin/messages/{row['id']}"))
                    return True
            return False

        await self._until(look, f"The log shows what became of the {kind} text for {order.name}.")
        self._transcript.news()
        return found

    async def _answers_to(self, word: str, count: int) -> list[str]:
        """What came back to the handset: exactly *count* texts."""
        before = len(self._received())
        await self._ringcentral.customer_texts(ADA, SENDER, word)
        await self._until(lambda: len(self._received()) >= before + count, f"{word} was answered.")
        await asyncio.sleep(QUIET_SECONDS)
        self._transcript.texts()
        self._transcript.news()
        answers = self._received()[before:]
        self._claim(len(answers) == count, f"{word} was answered once, not {len(answers)} times.")
        return answers

    def _received(self) -> list[str]:
        return [text["text"] for text in self._ringcentral.texts_of(ADA) if text["direction"] == "in"]

    def _topics(self) -> set[str]:
        return {subscription.topic for subscription in self._shopify.shops[SHOP].subscriptions.values()}

    def _consent(self, state: str) -> None:
        self._claim(self.ada.consent == state, f"Ada's consent in Shopify is {state}, not {self.ada.consent}.")
        self._transcript.line(f"Ada's SMS consent in Shopify: {self.ada.consent}")

    async def _until(self, happened: Callable[[], bool | Awaitable[bool]], claim: str) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            answer = happened()
            if answer if isinstance(answer, bool) else await answer:
                return
            if time.monotonic() > deadline:
                raise StepFailed(f"Not within {PATIENCE_SECONDS:.0f} seconds: {claim}")
            await asyncio.sleep(0.05)

    def _claim(self, holds: bool, claim: str) -> None:
        if not holds:
            raise StepFailed(f"Not so: {claim}")


def _words(connection: dict[str, Any]) -> str:
    """The connection in a few words: its state, its numbers."""
    state = connection.get("state") or ("connected" if connection.get("connected") else "not connected")
    numbers = [str(number["phone_number"]) for number in connection.get("numbers", []) if number.get("can_send", True)]
    return f"{state}, numbers: {', '.join(numbers)}" if numbers else str(state)
