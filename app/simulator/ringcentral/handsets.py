"""The customers' telephones, and what RingCentral does by itself with the words that arrive from them.

Source: RingCentral developer guide, "Messaging consent management" and the opt-out words of "High Volume SMS". On
numbers where the provider handles STOP it blocks the pair and confirms once; on High Volume numbers it blocks and
leaves the confirmation to the application; on the others it does neither.
"""

import string

from app.simulator.ringcentral.notifications import announce_a2p_inbound, announce_consents, announce_inbound
from app.simulator.ringcentral.platform import Platform
from app.simulator.ringcentral.state import Consent, HandsetText, Message, Number

STOP_WORDS = {"STOP", "UNSUBSCRIBE", "QUIT", "CANCEL", "END"}
START_WORDS = {"START", "SUBSCRIBE", "RESUME", "CONTINUE", "UNSTOP"}


async def deliver_text(platform: Platform, phone: str, to: str, text: str) -> None:
    """A customer's text arrives at one of our numbers, and every subscriber is told. Raises LookupError for a number
    nobody has."""
    message = receive_text(platform, phone, to, text)
    platform.save()
    if message is not None:
        announce = announce_a2p_inbound if message.id in platform.state.a2p_messages else announce_inbound
        await announce(platform, message)
    await announce_consents(platform)
    platform.save()


def receive_text(platform: Platform, phone: str, to: str, text: str) -> Message | None:
    """The stored message, or None where the application is not to hear of a word the provider acted upon."""
    number = platform.state.numbers.get(to)
    if number is None:
        raise LookupError(f"no simulated RingCentral user has the number {to}")
    sight = HandsetText(direction="out", from_=phone, to=to, text=text, at=platform.clock())
    platform.state.handsets.setdefault(phone, []).append(sight)
    store = store_a2p_inbound if number.is_high_volume else store_inbound
    message = store(platform, number, phone, text)
    is_keyword = obey_keyword(platform, number, phone, text)
    return None if is_keyword and not platform.stop_reaches_application else message


def store_inbound(platform: Platform, number: Number, phone: str, text: str) -> Message:
    state = platform.state
    message = Message(
        id=3062991514015 + state.new_id(),
        owner_id=number.owner_id,
        account_id=number.account_id,
        direction="Inbound",
        from_=phone,
        to=[number.phone],
        text=text,
        created_at=platform.clock(),
        conversation_id=state.conversation_between(number.phone, phone),
    )
    platform.add_message(message)
    return message


def store_a2p_inbound(platform: Platform, number: Number, phone: str, text: str) -> Message:
    """Apart from the message store, which never shows it."""
    message = Message(
        id=7000 + platform.state.new_id(),
        owner_id=number.owner_id,
        account_id=number.account_id,
        direction="Inbound",
        from_=phone,
        to=[number.phone],
        text=text,
        created_at=platform.clock(),
        conversation_id=0,
        announced="Delivered",
    )
    platform.state.a2p_messages[message.id] = message
    return message


def obey_keyword(platform: Platform, number: Number, phone: str, text: str) -> bool:
    """Whether the text was an opt-out or opt-in word that the provider acted upon."""
    word = text.strip().strip(string.punctuation).strip().upper()
    if number.stop_handled_by == "app" or word not in STOP_WORDS | START_WORDS:
        return False
    was_blocked = platform.state.has_opted_out(number.phone, phone)
    if word in STOP_WORDS and not was_blocked:
        record_consent(platform, number, phone, "OptOut", source="Recipient")
        if number.stop_handled_by == "provider":
            put_on_handset(platform, number.phone, phone, number.stop_confirmation)
        else:
            platform.state.stops_to_confirm[f"{number.phone}|{phone}"] = platform.clock()
    elif word in START_WORDS and was_blocked:
        record_consent(platform, number, phone, "OptIn", source="Recipient")
    return True


def record_consent(
    platform: Platform, number: Number, phone: str, opt_status: str, *, source: str, coverage: str = "PhoneNumber"
) -> None:
    key = f"{number.phone}|{phone}"
    platform.state.consents[key] = Consent(
        account_id=number.account_id,
        from_=number.phone,
        to=phone,
        opt_status=opt_status,
        source=source,
        coverage=coverage,
        modified_at=platform.clock(),
    )
    platform.undelivered_consents.append(key)


def put_on_handset(platform: Platform, sender: str, phone: str, text: str) -> None:
    sight = HandsetText(direction="in", from_=sender, to=phone, text=text, at=platform.clock())
    platform.state.handsets.setdefault(phone, []).append(sight)
