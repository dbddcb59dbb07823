"""Coming in and going out: ask for a code, give it, open a link, join, sign out, leave."""

from typing import Any

from starlette.responses import Response

from app.connect.joining import Wishes, decline, join, leave, read_candidate, read_claim
from app.connect.models import Account
from app.connect.sign_in import (
    BY_EMAIL,
    Entrance,
    ask_code,
    enter_by_code,
    enter_by_link,
    read_person,
    read_visit,
    ways_in,
)
from app.connect.tokens import SIGN_IN, read
from app.core.errors import AppError, Invalid
from app.core.language import language_of
from app.hosted.guest import TOO_MANY, Guest, is_too_fast, open_to_all, question_of
from app.hosted.home import show_home
from app.hosted.landing import show_landing
from app.hosted.member import Member, faults_of, members_only
from app.hosted.page import render

WRONG_CODE = "The code is not right or has expired. Try again, or ask for another one."
SPENT_LINK = "This link has been used or is too old. Ask for another one."


@open_to_all
async def show_door(guest: Guest) -> Response:
    return await show_landing(guest)


@open_to_all
async def ask_for_code(guest: Guest) -> Response:
    """The same page for everybody, whether the person is known or not."""
    typed = guest.form.get("who", "")
    if await is_too_fast(guest):
        return await show_landing(guest, problem=TOO_MANY, status=429, typed=typed)
    claim = read_claim(guest.deps, guest.shop, guest.form.get("connect_id", ""), guest.form.get("signature", ""))
    reader = language_of(guest.request)
    try:
        async with guest.deps.db.transaction() as session:
            person = read_person(typed, guest.shop, await ways_in(guest.deps, session, guest.shop))
            ticket = await ask_code(guest.deps, session, guest.shop, person, language=reader.code, claim=claim)
    except Invalid as wrong:
        return await show_landing(guest, problem=wrong.errors["who"], status=422, typed=typed)
    return _ask(guest, ticket, person.address, by_email=person.channel == BY_EMAIL)


@open_to_all
async def take_code(guest: Guest) -> Response:
    form = guest.form
    if await is_too_fast(guest):
        return await show_landing(guest, problem=TOO_MANY, status=429)
    async with guest.deps.db.transaction() as session:
        entrance = await enter_by_code(guest.deps, session, guest.shop, form.get("ticket", ""), form.get("code", ""))
    if entrance is None:
        by_email = form.get("by_email") == "1"
        return _ask(guest, form.get("ticket", ""), form.get("who", ""), by_email=by_email, problem=WRONG_CODE)
    return await _let_in(guest, entrance)


@open_to_all
async def take_link(guest: Guest) -> Response:
    """The link of an invitation or of an e-mail; the page at the address only showed a button."""
    token = guest.form.get("token", "")
    if await is_too_fast(guest):
        return await show_landing(guest, problem=TOO_MANY, status=429)
    if read(guest.deps.vault, token, guest.deps.clock(), purposes=(SIGN_IN,)) is None:
        return await _show_joining(guest, token)
    async with guest.deps.db.transaction() as session:
        entrance = await enter_by_link(guest.deps, session, guest.shop, token)
    if entrance is None:
        return await show_landing(guest, problem=SPENT_LINK, status=403)
    return await _let_in(guest, entrance)


@open_to_all
async def take_agreement(guest: Guest) -> Response:
    form, deps, shop = guest.form, guest.deps, guest.shop
    token = form.get("token", "")
    if await is_too_fast(guest):
        return await show_landing(guest, problem=TOO_MANY, status=429)
    try:
        async with deps.db.transaction() as session:
            account, visit = await join(
                deps,
                session,
                shop,
                token,
                name=form.get("name", ""),
                agreed=form.get("agreed") == "1",
                wishes=_wishes(form),
                asked=question_of(guest),
            )
    except AppError as wrong:
        if wrong.status == 422:
            return await _show_joining(guest, token, errors=faults_of(wrong), status=422)
        return await show_landing(guest, problem=wrong.sentence, status=wrong.status)
    told = {"event": "granted", "user_id": account.id, "connect_id": account.connect_id}
    return await _show_inside(guest, visit, told=told)


@open_to_all
async def take_no(guest: Guest) -> Response:
    """Who was invited says no, and needs no account to say it."""
    if await is_too_fast(guest):
        return await show_landing(guest, problem=TOO_MANY, status=429)
    try:
        async with guest.deps.db.transaction() as session:
            await decline(guest.deps, session, guest.shop, guest.form.get("token", ""), asked=question_of(guest))
    except AppError as spent:
        return await show_landing(guest, problem=spent.sentence, status=spent.status)
    return render(guest.request, guest.shop, "goodbye", left=False, declined=True, forget=True)


@members_only
async def sign_out(member: Member) -> Response:
    async with member.deps.db.transaction() as session:
        _, visit, _ = await read_visit(member.deps, session, member.shop, member.form["session"])
        visit.ended_at = member.deps.clock()
    return _goodbye(member)


@members_only
async def take_back(member: Member) -> Response:
    """Leaving: the grant ends at once, in every window."""
    if member.form.get("sure") != "1":
        return member.show("leave")
    gone = await leave(member.deps, member.shop, member.account.id)
    return _goodbye(member, left=True, told={"event": "revoked", **gone})


async def _let_in(guest: Guest, entrance: Entrance) -> Response:
    if entrance.joined:
        return await _show_inside(guest, entrance.token)
    return await _show_joining(guest, entrance.token)


async def _show_inside(guest: Guest, token: str, *, told: dict[str, Any] | None = None) -> Response:
    async with guest.deps.db.transaction() as session:
        account, visit, fresh = await read_visit(guest.deps, session, guest.shop, token)
    return await show_home(Member(guest.request, guest.deps, guest.shop, guest.form, account, visit, fresh), told=told)


async def _show_joining(
    guest: Guest, token: str, *, errors: dict[str, str] | None = None, status: int = 200
) -> Response:
    try:
        async with guest.deps.db.transaction() as session:
            candidate = await read_candidate(guest.deps, session, guest.shop, token)
    except AppError as spent:
        return await show_landing(guest, problem=spent.sentence, status=spent.status)
    known = candidate.account
    return render(
        guest.request,
        guest.shop,
        "join",
        status=status,
        token=token,
        question=question_of(guest),
        wishes=_wishes(guest.form) if errors else _wishes_of(known),
        person=guest.form.get("name") or (guest.deps.vault.decrypt(known.name_encrypted) if known is not None else ""),
        errors=errors or {},
    )


def _wishes(form: dict[str, str]) -> Wishes:
    return Wishes(form.get("history") == "yes", form.get("notify_by_sms") == "1", form.get("notify_by_email") == "1")


def _wishes_of(known: Account | None) -> Wishes:
    """What the form begins with. Nobody agrees to texts by leaving a box alone, whatever the shop has stated for them;
    whoever has said no to e-mails is asked again, and not overruled."""
    if known is None:
        return Wishes(history=False, by_sms=False, by_email=True)
    return Wishes(known.import_history == "yes", by_sms=False, by_email=known.notify_by_email)


def _ask(guest: Guest, ticket: str, address: str, *, by_email: bool, problem: str | None = None) -> Response:
    return render(
        guest.request,
        guest.shop,
        "code",
        status=200 if problem is None else 422,
        ticket=ticket[:1000],
        who=address[:320],
        by_email=by_email,
        problem=problem,
    )


def _goodbye(member: Member, *, left: bool = False, told: dict[str, Any] | None = None) -> Response:
    return render(member.request, member.shop, "goodbye", left=left, declined=False, told=told, forget=True)
