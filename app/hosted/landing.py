"""The page before all others: sign in, or say who you are in order to join."""

from starlette.responses import Response

from app.connect.joining import may_be_told, read_claim
from app.connect.sign_in import ways_in
from app.hosted.guest import Guest
from app.hosted.page import render
from app.shops.settings import read_settings_of

LONGEST_PARAMETER = 400


async def show_landing(guest: Guest, *, problem: str | None = None, status: int = 200, typed: str = "") -> Response:
    """Everything in the address is checked here, so that nothing else of it ever reaches a page."""
    async with guest.deps.db.transaction() as session:
        ways = await ways_in(guest.deps, session, guest.shop)
    connect_id, signature = _given(guest, "connect_id"), _given(guest, "signature")
    site = _given(guest, "site").rstrip("/").lower()
    return render(
        guest.request,
        guest.shop,
        "landing",
        status=status,
        ways=ways,
        self_join=read_settings_of(guest.shop).connect_self_join,
        claim=read_claim(guest.deps, guest.shop, connect_id, signature),
        signature=signature,
        site=site if may_be_told(guest.shop, site) else None,
        resume=guest.request.url.path if guest.request.url.path != guest.base else None,
        problem=problem,
        typed=typed[:320],
    )


def _given(guest: Guest, name: str) -> str:
    value = guest.form.get(name) or guest.request.query_params.get(name, "")
    return value if len(value) <= LONGEST_PARAMETER else ""
