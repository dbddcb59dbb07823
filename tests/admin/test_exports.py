"""The log as a file: whole, harmless to open, and behind an address that works once."""

import csv
import io

import pytest

from app.messages import export
from app.messages.export import harmless
from tests.world import ADA, World


async def download(world: World, filters: dict[str, str]) -> list[list[str]]:
    made = await world.api("POST", "/exports", filters)
    assert made.status_code == 201, made.text
    file = await world.http.get(world.url + made.json()["url"])
    assert file.status_code == 200
    assert file.headers["content-disposition"].startswith("attachment")
    return list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))


async def test_the_file_has_every_message_once_over_many_pages(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "ROWS_AT_ONCE", 2)
    await world.ready()
    for _ in range(5):
        await world.order()
    await world.workers_run()
    head, *rows = await download(world, {})
    assert head[:6] == ["id", "created", "kind", "order", "to", "status"]
    assert sorted(row[3] for row in rows) == ["#1001", "#1002", "#1003", "#1004", "#1005"]
    assert [int(row[0]) for row in rows] == sorted((int(row[0]) for row in rows), reverse=True)
    assert {row[4] for row in rows} == {"'" + ADA}  # or a spreadsheet would make a number of it
    assert [row[3] for row in await download(world, {"q": "#1002"})][1:] == ["#1002"]
    assert await download(world, {"status": "failed"}) == [head]


async def test_the_list_of_opt_outs_is_whole_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "ROWS_AT_ONCE", 2)
    await world.install()
    phones = [f"+1305555014{digit}" for digit in range(5)]
    for phone in phones:
        body = {"phone": phone, "method": "email", "words": "=no more"}
        assert (await world.api("POST", "/opt-outs", body)).status_code == 201
    made = await world.api("POST", "/opt-outs/export")
    file = await world.http.get(world.url + made.json()["url"])
    assert "opt-outs-2026-11-23.csv" in file.headers["content-disposition"]
    head, *rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert head == ["phone", "since", "state", "source", "method", "words"]
    assert sorted(row[0] for row in rows) == ["'" + phone for phone in phones]
    assert {tuple(row[2:]) for row in rows} == {("opted_out", "staff", "email", "'=no more")}


async def test_an_address_works_once_and_for_a_minute(world: World) -> None:
    await world.install()
    url = world.url + (await world.api("POST", "/exports", {})).json()["url"]
    assert (await world.http.get(url)).status_code == 200
    assert (await world.http.get(url)).status_code == 410
    url = world.url + (await world.api("POST", "/exports", {})).json()["url"]
    await world.advance(seconds=61)
    assert (await world.http.get(url)).status_code == 410
    assert (await world.api("POST", "/exports", {"status": "bogus"})).status_code == 422
    assert (await world.http.post(f"{world.url}/api/admin/exports", json={})).status_code == 401


@pytest.mark.parametrize("text", ["=1+1", "+1", "-2", "@SUM(A1)", "\t=1", "\r=1"])
def test_nothing_in_a_cell_is_run(text: str) -> None:
    assert harmless(text) == "'" + text


def test_other_text_stays_as_it_is() -> None:
    assert [harmless(text) for text in ("Hi = there", "", None, 7)] == ["Hi = there", "", "", "7"]
