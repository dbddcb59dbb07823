"""Backfill from Shopify: started, paused, gone on with, stopped and told of. `history_steps.py` does the work.

Orders are read page by page, or, where the operator has switched it on and Shopify plays along, gathered by Shopify in
one bulk operation. Stored orders carry `dont_trigger_auto_actions`, which the gate looks at again before any text.
Whose an order is follows from the same rules as for new ones; an account that does not want its history, or has taken
its permission back, keeps none.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from sqlalchemy.ext.asyncio import AsyncSession

from app.connect.attribution import living_rules
from app.connect.history_orders import RESULTS
from app.connect.models import HistoryImport
from app.connect.moments import read_moment
from app.connect.queries.history import get_import, imports_of, unfinished_import
from app.core.errors import Conflict, Invalid
from app.core.jobs import enqueue
from app.deps import Deps
from app.shops.models import Shop
from app.shops.queries import get_shop_locked, write_audit
from app.shops.zone import zone_of

IMPORT: Final = "connect.import_page"
CANCEL: Final = "connect.cancel_bulk"
RUNNING, PAUSED, DONE, FAILED = "running", "paused", "done", "failed"
PAGES, BULK = "pages", "bulk"


async def start_import(deps: Deps, session: AsyncSession, shop: Shop, form: object, *, actor: str) -> dict[str, Any]:
    """*form*: `{"dry_run", "since"}`. Raises `Invalid`; `Conflict` while another one is under way."""
    dry_run, since = _read(deps, shop, form)
    if not await living_rules(session, shop.id):
        raise Invalid({"since": "Save a rule under Attribution first. It decides which account an order belongs to."})
    await _be_the_only_one(session, shop.id)
    now = deps.clock()
    run = HistoryImport(
        shop_id=shop.id,
        dry_run=dry_run,
        state=RUNNING,
        way=BULK if deps.settings.history_bulk else PAGES,
        since=since,
        counts={},
        fence=0,
        created_at=now,
        created_by=actor,
        updated_at=now,
    )
    session.add(run)
    await session.flush()
    await enqueue(session, IMPORT, [run.id])
    await _audit(deps, session, shop, actor, "import_started", run.id)
    return describe_import(run)


async def pause_import(deps: Deps, session: AsyncSession, shop: Shop, import_id: int, *, actor: str) -> dict[str, Any]:
    """What is being read at the moment is still stored. Raises `NotFound`, `Conflict`."""
    return await _turn(deps, session, shop, import_id, (RUNNING,), PAUSED, actor)


async def resume_import(deps: Deps, session: AsyncSession, shop: Shop, import_id: int, *, actor: str) -> dict[str, Any]:
    """Goes on where it stopped; a failed one too. Raises `NotFound`, `Conflict`."""
    await _be_the_only_one(session, shop.id, besides=import_id)
    described = await _turn(deps, session, shop, import_id, (PAUSED, FAILED), RUNNING, actor)
    await enqueue(session, IMPORT, [import_id])
    return described


async def stop_import(deps: Deps, session: AsyncSession, shop: Shop, import_id: int, *, actor: str) -> dict[str, Any]:
    """For good. What was stored stays. Raises `NotFound`, `Conflict`."""
    described = await _turn(deps, session, shop, import_id, (RUNNING, PAUSED, FAILED), DONE, actor)
    if described["way"] == BULK:
        await enqueue(session, CANCEL, [import_id])
    return described


async def list_imports(session: AsyncSession, shop_id: int) -> list[dict[str, Any]]:
    return [describe_import(run) for run in await imports_of(session, shop_id)]


async def read_import(session: AsyncSession, shop_id: int, import_id: int) -> dict[str, Any]:
    return describe_import(await get_import(session, shop_id, import_id))


def describe_import(run: HistoryImport) -> dict[str, Any]:
    """*read* of *total* orders; *counts* by what became of them. A dry run's "created" is what would be stored.

    *way*: "pages" or "bulk"; *note*: why it was not the way that was meant. *gathered*: how many orders Shopify has put
    together so far, None once they are being read.
    """
    counts = {name: int(run.counts.get(name, 0)) for name in RESULTS}
    gathering = run.way == BULK and run.state in (RUNNING, PAUSED) and run.read_to == 0
    return {
        "id": run.id,
        "dry_run": run.dry_run,
        "state": run.state,
        "way": run.way,
        "note": run.note,
        "since": run.since.isoformat() if run.since else None,
        "total": run.total,
        "read": sum(counts.values()),
        "gathered": run.gathered or 0 if gathering else None,
        "counts": counts,
        "accounts": {key[8:]: count for key, count in run.counts.items() if key.startswith("account:")},
        "problem": run.problem,
        "created_at": run.created_at.isoformat(),
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
    }


def _read(deps: Deps, shop: Shop, form: object) -> tuple[bool, datetime | None]:
    given = form if isinstance(form, Mapping) else {}
    dry_run, since = given.get("dry_run", True), given.get("since")
    wrong = {}
    if not isinstance(dry_run, bool):
        wrong["dry_run"] = "This must be true or false."
    moment = None
    if since not in (None, ""):
        moment = read_moment(since, now=deps.clock(), zone=zone_of(shop)) if isinstance(since, str) else None
        if moment is None or moment >= deps.clock():
            wrong["since"] = "Give a day in the past, for example 2026-10-01."
    if wrong:
        raise Invalid(wrong)
    return bool(dry_run), moment


async def _be_the_only_one(session: AsyncSession, shop_id: int, *, besides: int | None = None) -> None:
    """Raises `Conflict`. Starts wait for each other, so that two windows do not start two."""
    await get_shop_locked(session, shop_id)
    other = await unfinished_import(session, shop_id)
    if other is not None and other.id != besides:
        raise Conflict("An import is under way already. Let it finish, or stop it first.")


async def _turn(
    deps: Deps, session: AsyncSession, shop: Shop, import_id: int, origin: tuple[str, ...], to: str, actor: str
) -> dict[str, Any]:
    run = await get_import(session, shop.id, import_id, lock=True)
    if run.state not in origin:
        raise Conflict("This import has changed meanwhile. Reload the page to see how it stands.")
    run.state, run.updated_at, run.problem = to, deps.clock(), None
    run.finished_at = deps.clock() if to == DONE else None
    await _audit(deps, session, shop, actor, f"import_{to}", run.id)
    return describe_import(run)


async def _audit(deps: Deps, session: AsyncSession, shop: Shop, actor: str, action: str, import_id: int) -> None:
    await write_audit(
        session, shop.domain, at=deps.clock(), actor=actor, action=action, detail={"import_id": import_id}
    )
