"""What browsers measured becomes part of the operator's metrics, and says nothing about whose browser it was."""

import pytest
from prometheus_client import REGISTRY
from starlette.requests import Request

from app.admin.json_body import BrokenOff, read_object
from app.admin.praise import is_worth_a_review
from app.messages.analytics import Tally
from tests.world import SHOP, World


def counted(series: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(series, labels) or 0.0


async def test_measurements_become_histograms_without_a_shop(world: World) -> None:
    await world.install()
    paint, within = {"name": "LCP"}, {"name": "LCP", "le": "2.5"}
    before = [counted("web_vitals_seconds_count", **paint), counted("web_vitals_seconds_bucket", **within)]
    shifts = counted("web_vitals_layout_shift_bucket", le="0.1")
    metrics = [{"name": "LCP", "value": 2400}, {"name": "LCP", "value": 2600.5, "id": "v4-1"}]
    metrics += [{"name": "CLS", "value": 0.1}, {"name": "INP", "value": 48}, {"name": "NEW", "value": 1}]
    answer = await world.api("POST", "/vitals", {"metrics": metrics})
    assert (answer.status_code, answer.json()) == (200, {"noted": 4})
    after = [counted("web_vitals_seconds_count", **paint), counted("web_vitals_seconds_bucket", **within)]
    assert [now - then for now, then in zip(after, before, strict=True)] == [2, 1]
    assert counted("web_vitals_layout_shift_bucket", le="0.1") - shifts == 1
    token = world.deps.settings.operator_token
    assert token is not None
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"}
    shown = (await world.http.get(f"{world.url}/metrics", headers=headers)).text
    assert 'web_vitals_seconds_bucket{le="2.5",name="LCP"}' in shown
    assert SHOP.partition(".")[0] not in shown


NONSENSE: list[object] = [
    {},
    {"metrics": "LCP"},
    {"metrics": [1]},
    {"metrics": [{"name": "LCP"}]},
    {"metrics": [{"name": "LCP", "value": "1"}]},
    {"metrics": [{"name": "LCP", "value": True}]},
    {"metrics": [{"name": "LCP", "value": -1}]},
    {"metrics": [{"name": "LCP", "value": 120_001}]},
    {"metrics": [{"name": "CLS", "value": 101}]},
    {"metrics": [{"name": "LCP", "value": 10**400}]},
    {"metrics": [{"name": "LCP", "value": 1}] * 21},
]


async def test_what_is_no_measurement_counts_as_none(world: World) -> None:
    await world.install()
    before = counted("web_vitals_seconds_count", name="LCP")
    for body in NONSENSE:
        answer = await world.api("POST", "/vitals", body)
        assert answer.status_code == 422, body
        assert "metrics" in answer.json()["errors"], body
    assert counted("web_vitals_seconds_count", name="LCP") == before
    assert (await world.api("POST", "/vitals", {"metrics": []}, token="none")).status_code == 401


async def test_a_page_that_is_left_while_it_sends_is_no_fault() -> None:
    async def receive() -> dict[str, str]:
        return {"type": "http.disconnect"}

    with pytest.raises(BrokenOff):
        await read_object(Request({"type": "http", "headers": []}, receive))


@pytest.mark.parametrize(
    ("delivered", "failed", "worth"), [(49, 0, False), (50, 0, True), (50, 2, True), (50, 3, False), (0, 0, False)]
)
def test_only_a_shop_whose_texts_arrive_is_asked_for_a_review(delivered: int, failed: int, worth: bool) -> None:
    week = Tally(delivered=delivered, on_the_way=0, waiting=0, failed=failed, not_sent=0)
    assert is_worth_a_review(week) is worth
