"""`doctor`: everything that has to be right for the installation as a whole, checked one by one."""

from typing import Any

import httpx2
from sqlalchemy import text

from app.config import ADMIN_API_VERSION
from app.core.jobs import held_jobs
from app.core.recurring import last_runs
from app.core.strange_versions import strange_versions
from app.deps import Deps
from app.messages.diagnostics import OK, PROBLEM, WARNING, diagnose
from app.shops.queries import get_shop, installed_shop_ids

SECONDS = 5.0


async def examine(deps: Deps) -> list[dict[str, Any]]:
    """Rows of {"about", "level", "sentence", "action"}: the installation first, then each shop's problems."""
    checks = (_database, _jobs, _worker, _ringcentral, _address, _versions)
    return [await check(deps) for check in checks] + await _shops(deps)


async def _database(deps: Deps) -> dict[str, Any]:
    async with deps.db.transaction() as session:
        version = await session.scalar(text("SELECT version_num FROM alembic_version"))
        server = await session.scalar(text("SHOW server_version"))
    return _row("database", OK, f"PostgreSQL {server} answers, migrated to {version}.")


async def _jobs(deps: Deps) -> dict[str, Any]:
    held = await held_jobs(deps.db)
    if held:
        return _row(
            "jobs", WARNING, f"{held} jobs failed for good and wait.", "Look for job.failed in the worker's log."
        )
    return _row("jobs", OK, "No job has failed for good.")


async def _worker(deps: Deps) -> dict[str, Any]:
    runs = [last for last in (await last_runs(deps.db)).values() if last is not None]
    if not runs or (deps.clock() - max(runs)).total_seconds() > 300:
        return _row("worker", PROBLEM, "No worker has been at work in the last five minutes.", "Start `worker`.")
    return _row("worker", OK, "A worker is at work.")


async def _ringcentral(deps: Deps) -> dict[str, Any]:
    server = deps.settings.ringcentral_server_url
    try:
        await deps.http.request("GET", f"{server}/restapi", timeout=SECONDS)
    except httpx2.TransportError as error:
        return _row("ringcentral", PROBLEM, f"{server} does not answer ({type(error).__name__}).", "Check the network.")
    return _row("ringcentral", OK, f"{server} answers.")


async def _address(deps: Deps) -> dict[str, Any]:
    """Some networks cannot reach their own public address, so silence is only a warning."""
    url = deps.settings.shopify_app_url
    if not url.startswith("https://"):
        return _row("address", WARNING, f"{url} is not https: for trying out only.")
    try:
        answer = await deps.http.request("GET", f"{url}/healthz", timeout=SECONDS)
    except httpx2.TransportError as error:
        found = f"{url} does not answer from here ({type(error).__name__})."
        return _row("address", WARNING, found, "Shopify and RingCentral need it: check DNS, TLS and the web process.")
    if answer.status_code != 200:
        found = f"{url}/healthz answers {answer.status_code}."
        return _row("address", WARNING, found, "Check that the proxy passes everything on to the web process.")
    return _row("address", OK, f"The app answers at {url}.")


async def _versions(deps: Deps) -> dict[str, Any]:
    async with deps.db.reading() as session:
        strange = await strange_versions(session, deps.clock())
    if not strange:
        return _row("versions", OK, f"Shopify's webhooks come in version {ADMIN_API_VERSION}.")
    found = ", ".join(f"{topic} in {version}" for topic, version in strange)
    return _row(
        "versions",
        WARNING,
        f"Webhooks came in another version than {ADMIN_API_VERSION}: {found}.",
        "Run `shopify app deploy` with this version's shopify.app.toml; subscriptions of shops are made anew daily.",
    )


async def _shops(deps: Deps) -> list[dict[str, Any]]:
    found = []
    async with deps.db.transaction() as session:
        for shop_id in await installed_shop_ids(session):
            shop = await get_shop(session, shop_id)
            checks = await diagnose(deps, session, shop)
            bad = [check for check in checks if check["level"] != OK]
            found += [_row(shop.domain, check["level"], check["sentence"], check["action"]) for check in bad]
            if not bad:
                found.append(_row(shop.domain, OK, f"All {len(checks)} checks passed."))
    return found


def _row(about: str, level: str, sentence: str, action: str | None = None) -> dict[str, Any]:
    return {"about": about, "level": level, "sentence": sentence, "action": action}
