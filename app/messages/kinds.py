"""What the engine has to know of a kind of text; the kinds themselves are declared in `notifications/types/`.

Consent, quiet hours, wording, expiry and pace belong to the engine. A kind only says what it is called, which example
it is shown with and when it is no longer true. Replies to STOP, HELP and START are kinds too, so that they share
the outbox, the pace and the log.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from app.consent.opt_out import CONFIRM_STOP_WITHIN
from app.messages.facts import OrderFacts
from app.messages.models import Message
from app.messages.sources import SHOPIFY_ORDERS, OrderSource

_CODE: Final = re.compile(r"\b\d{6}\b")


@dataclass(frozen=True)
class Kind:
    """*about_order*: composed at the gate from fresh facts; otherwise the text was fixed when it was queued.

    *max_age*: how long after its event the text is still worth sending. *no_longer_true* answers a code and a
    sentence when the facts speak against sending, else None. *priority*: smaller goes first. *source*: where the
    facts come from. *listed*: among the notifications that the shop switches and words; kinds of a feature with
    pages of its own are not. *place*: where it stands among them. *optional_scope*: what Shopify has to allow before
    the kind can be switched on, asked for only then. *after_cancellation*: also true of a cancelled order.
    *only_new_tracking*: pointless once another text about the order has told, or will tell, the same tracking.
    *hides_digits*: pages show the text without the code in it, which is somebody's secret.
    """

    name: str
    label: str
    description: str
    max_age: timedelta
    about_order: bool = True
    needs_consent: bool = True
    heeds_quiet_hours: bool = True
    heeds_suppression: bool = True
    priority: int = 5
    uses_tracking: bool = False
    enabled_by_default: bool = True
    topic: str | None = None
    no_longer_true: Callable[[OrderFacts, Message], tuple[str, str] | None] = field(default=lambda facts, message: None)
    example: Mapping[str, object] = field(default_factory=dict)
    source: OrderSource = SHOPIFY_ORDERS
    listed: bool = True
    place: int = 100
    optional_scope: str | None = None
    after_cancellation: bool = False
    only_new_tracking: bool = False
    hides_digits: bool = False


@dataclass
class KindRegistry:
    kinds: dict[str, Kind] = field(default_factory=dict)

    def add(self, kind: Kind) -> Kind:
        if kind.name in self.kinds:
            raise RuntimeError(f"Two kinds of text are named {kind.name!r}.")
        self.kinds[kind.name] = kind
        return kind

    def find(self, name: str) -> Kind | None:
        return self.kinds.get(name)

    def notifications(self) -> list[Kind]:
        """Kinds that a merchant can switch and word, in the order in which an order brings them."""
        listed = [kind for kind in self.kinds.values() if kind.about_order and kind.listed]
        return sorted(listed, key=lambda kind: (kind.place, kind.name))


kinds = KindRegistry()


def shown(kind: Kind | None, text: str | None) -> str | None:
    """*text* as a member of staff may read it."""
    return _CODE.sub("••••••", text) if text is not None and kind is not None and kind.hides_digits else text


STOP_CONFIRMATION = kinds.add(
    Kind(
        "stop_confirmation",
        "Opt-out confirmation",
        "The one answer to STOP.",
        max_age=CONFIRM_STOP_WITHIN,
        about_order=False,
        needs_consent=False,
        heeds_quiet_hours=False,
        heeds_suppression=False,
        priority=0,
    )
)
HELP_REPLY = kinds.add(
    Kind(
        "help_reply",
        "Help reply",
        "The answer to HELP, once an hour at most.",
        max_age=timedelta(hours=1),
        about_order=False,
        needs_consent=False,
        heeds_quiet_hours=False,
        priority=0,
    )
)
START_CONFIRMATION = kinds.add(
    Kind(
        "start_confirmation",
        "Opt-in confirmation",
        "The answer to START.",
        max_age=timedelta(minutes=30),
        about_order=False,
        needs_consent=False,
        heeds_quiet_hours=False,
        priority=0,
    )
)
OPT_IN_QUESTION = kinds.add(
    Kind(
        "opt_in_question",
        "Opt-in question",
        "Asks who texted a sign-up word to confirm with YES.",
        max_age=timedelta(minutes=30),
        about_order=False,
        needs_consent=False,
        heeds_quiet_hours=False,
        priority=0,
    )
)
OPT_IN_CONFIRMATION = kinds.add(
    Kind(
        "opt_in_confirmation",
        "Sign-up confirmation",
        "The answer to YES.",
        max_age=timedelta(minutes=30),
        about_order=False,
        needs_consent=False,
        heeds_quiet_hours=False,
        priority=0,
    )
)
OPT_OUT_CODE = kinds.add(
    Kind(
        "opt_out_code",
        "Opt-out code",
        "The code for the public opt-out page, asked for by the owner of the number.",
        max_age=timedelta(minutes=10),
        about_order=False,
        needs_consent=False,
        heeds_quiet_hours=False,
        heeds_suppression=False,
        priority=0,
    )
)
REPLY_FORWARD = kinds.add(
    Kind(
        "reply_forward",
        "Forwarded reply",
        "A customer's reply, passed on to a phone of your staff.",
        max_age=timedelta(hours=12),
        about_order=False,
        needs_consent=False,
        heeds_quiet_hours=False,
        priority=2,
    )
)
TEST = kinds.add(
    Kind(
        "test",
        "Test",
        "A sample that the merchant sends to a phone of their own.",
        max_age=timedelta(minutes=30),
        about_order=False,
        needs_consent=False,
        heeds_quiet_hours=False,
        priority=1,
    )
)
STAFF_REPLY = kinds.add(
    Kind(
        "staff_reply",
        "Reply",
        "What a member of staff answered to a customer's text.",
        max_age=timedelta(hours=24),
        about_order=False,
        # The customer wrote first; an opt-out still stops it.
        needs_consent=False,
        heeds_quiet_hours=False,
        priority=1,
    )
)
