"""A guest with a living visit, known by the token in the form of the page before.

Every page of an account is the answer to a POST that carries the token, so no address, history or referrer ever holds
it, and no other site can send it. A GET of the same address is answered with the sign-in page, which goes on by itself
where the browser still has the token of the visit.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from app.connect.models import Account, Visit
from app.connect.queries.accounts import get_account
from app.connect.sign_in import ENDED, read_visit
from app.core.errors import AppError, Invalid, Unauthorized
from app.core.log import get_logger
from app.hosted.guest import Answer, Guest, find_guest
from app.hosted.landing import show_landing
from app.hosted.page import render, show_nobody

log = get_logger(__name__)


@dataclass(frozen=True)
class Member(Guest):
    """*session* is the token for the next page."""

    account: Account
    visit: Visit
    session: str

    @property
    def actor(self) -> str:
        return f"account:{self.account.id}"

    def show(self, template: str, **values: Any) -> Response:
        own = {"session": self.session, "account": self.account, "person": self.name}
        return render(self.request, self.shop, template, **{**own, "path": f"{self.base}/{template}", **values})

    @property
    def name(self) -> str:
        return self.deps.vault.decrypt(self.account.name_encrypted)


def members_only(show: Callable[[Member], Awaitable[Response]]) -> Answer:
    """Make a route of a page for who is signed in; everybody else is asked to sign in."""

    async def answer(request: Request) -> Response:
        guest = await find_guest(request)
        if guest is None:
            return show_nobody(request)
        if request.method != "POST":
            return await show_landing(guest)
        try:
            return await _show_or_explain(await _member(guest), show)
        except Unauthorized as ended:
            return await show_landing(guest, problem=ended.sentence, status=401)

    return answer


async def refuse_who_left(member: Member, session: AsyncSession) -> None:
    """For work that takes its time: raises `Unauthorized` when the person has left in another window meanwhile."""
    account = await get_account(session, member.shop.id, member.account.id, lock=True)
    if account.token_epoch != member.account.token_epoch:
        raise Unauthorized(ENDED)


def faults_of(error: AppError) -> dict[str, str]:
    """Field to sentence, for the form that was filled in; "form" where it is about no single field."""
    return error.errors if isinstance(error, Invalid) else {"form": error.sentence}


async def _show_or_explain(member: Member, show: Callable[[Member], Awaitable[Response]]) -> Response:
    try:
        return await show(member)
    except Unauthorized:
        raise
    except AppError as error:
        if error.status >= 500:
            log.warning("hosted.failed", error=type(error).__name__, status=error.status, shop_id=member.shop.id)
        return member.show("problem", status=error.status, sentence=error.sentence, path=f"{member.base}/home")


async def _member(guest: Guest) -> Member:
    async with guest.deps.db.transaction() as session:
        account, visit, token = await read_visit(guest.deps, session, guest.shop, guest.form.get("session", ""))
    return Member(guest.request, guest.deps, guest.shop, guest.form, account, visit, token)
