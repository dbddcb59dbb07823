"""What a merchant can set: two people at once, the phone that is texted, and who hears of trouble."""

import re
from email import message_from_string, policy

from pydantic import SecretStr

from app.core.language import language
from tests.flows.test_replies import mailbox
from tests.world import ADA, World, open_world

OTHER = "+12125550199"
WORDS = "By ordering you agree to texts about this order at the phone you give here. Reply STOP to end."


async def test_two_people_changing_one_setting_do_not_undo_each_other(world: World) -> None:
    await world.install()
    first = {"quiet_hours": {"end": "21:00"}, "was": {"quiet_hours.end": "20:00"}}
    assert (await world.api("PUT", "/settings", first)).status_code == 200
    late = await world.api("PUT", "/settings", {"quiet_hours": {"end": "19:00"}, "was": {"quiet_hours.end": "20:00"}})
    assert late.status_code == 409
    assert "Somebody else" in late.json()["error"]
    assert late.json()["now"] == {"quiet_hours.end": "21:00"}
    elsewhere = {"countries": ["US"], "was": {"countries": ["US", "CA"]}}
    saved = await world.api("PUT", "/settings", elsewhere)
    assert (saved.json()["quiet_hours"]["end"], saved.json()["countries"]) == ("21:00", ["US"])


async def test_a_value_out_of_range_is_refused_in_plain_words_and_the_readers_language(world: World) -> None:
    await world.install()
    wrong = {"price_per_segment": 99, "confirmation_max_age_minutes": 1, "daily_cap": "many", "reply_phone": "12"}
    assert (await world.api("PUT", "/settings", wrong)).json()["errors"] == {
        "price_per_segment": "Give at most 10.",
        "confirmation_max_age_minutes": "Give at least 5.",
        "daily_cap": "Give a number.",
        "reply_phone": "Give a mobile number with its area code, for example +1 415 555 0123.",
    }
    assert language("de").told("Give at most 10.") == "Geben Sie höchstens 10 an."


async def test_an_emptied_limit_is_no_limit(world: World) -> None:
    await world.install()
    assert (await world.api("PUT", "/settings", {"daily_cap": 2})).json()["daily_cap"] == 2
    assert (await world.api("PUT", "/settings", {"daily_cap": ""})).json()["daily_cap"] is None


async def test_the_phone_of_an_order_is_texted_only_where_its_owner_agreed(world: World) -> None:
    await world.ready()
    await world.api("PUT", "/settings", {"phone_source": "order"})
    await world.order(phone=OTHER)
    await world.workers_run()
    assert (len(world.texts_on(ADA)), len(world.texts_on(OTHER))) == (1, 0)
    [text] = await world.messages()
    detail = (await world.api("GET", f"/messages/{text['id']}")).json()
    assert any("Nobody agreed for the other phone" in check["sentence"] for check in detail["checks"])
    declared = {"policy": "order_updates", "wording": WORDS, "place": "checkout, below the phone", "confirmed": True}
    assert (await world.api("PUT", "/consent/policy", declared)).status_code == 200
    await world.order(phone=OTHER)
    await world.workers_run()
    assert (len(world.texts_on(ADA)), len(world.texts_on(OTHER))) == (1, 1)
    await world.texts_from(OTHER, "STOP")
    await world.order(phone=OTHER)
    await world.workers_run()
    assert (await world.messages())[-1]["reason"]["code"] == "opted_out"
    assert (len(world.texts_on(ADA)), len(world.texts_on(OTHER))) == (1, 2)  # the second is RingCentral's confirmation


async def test_a_broken_connection_is_told_once_to_whom_the_merchant_named(database_url: str) -> None:
    async with mailbox() as (address, mails), open_world(database_url, smtp_url=SecretStr(address)) as world:
        await world.ready()
        await world.api("PUT", "/settings", {"alert_email": "owner@demo-store.com"})
        await world.recurring_run()
        assert mails == []
        world.ringcentral.revoke_jwt(world.jwt)
        for user in world.ringcentral.state.users.values():
            world.ringcentral.end_sessions(user)
        await world.order()
        await world.workers_run()
        for _ in range(3):
            await world.advance(minutes=16)
            await world.recurring_run()
        [mail] = [message_from_string(each, policy=policy.default) for each in mails]
        assert mail["To"] == "owner@demo-store.com"
        assert "Paste a new JWT." in mail.get_content()
        await world.api("PUT", "/settings", {"mail_language": "de"})
        await world.advance(days=1)
        await world.recurring_run()
        assert len(mails) == 2
        german = message_from_string(mails[1], policy=policy.default)
        assert german["Subject"] == "Von Demo Store gehen zurzeit keine Bestell-SMS hinaus"
        assert "Fügen Sie ein neues JWT ein." in german.get_content()
        assert not re.search(r"\b(the|and|wait|because)\b", german.get_content())


async def test_mails_speak_the_language_of_whoever_first_asked_for_them(world: World) -> None:
    await world.install()
    first = await world.api("PUT", "/settings?locale=fr-FR", {"reply_email": "team@demo-store.com"})
    assert first.json()["mail_language"] == "fr"
    later = await world.api("PUT", "/settings?locale=de", {"alert_email": "owner@demo-store.com"})
    assert later.json()["mail_language"] == "fr"
