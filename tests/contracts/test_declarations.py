"""What is declared holds together: the toml, the kinds of text, the jobs, the table of transitions in the docs."""

import re
from pathlib import Path

import pytest

from app.core.jobs import registry
from app.message_templates.defaults import default_text
from app.message_templates.lint import has_errors, lint
from app.message_templates.render import compile_template
from app.message_templates.variables import ORDER_KINDS, SHIPPING_KINDS, sample_values
from app.messages.kinds import kinds
from app.messages.models import MessageState
from app.messages.states import ENDS, TRANSITIONS
from app.shopify.app_toml import generated_block, toml_problem
from app.shopify.webhooks import COMPLIANCE_TOPICS, topics
from app.wiring import declared_rows, load_declarations

ROOT = Path(__file__).resolve().parents[2]
load_declarations()


def test_the_toml_is_as_declared() -> None:
    assert toml_problem(ROOT / "shopify.app.toml") is None


def test_app_topics_are_the_ones_that_cannot_be_made_by_api() -> None:
    assert {*COMPLIANCE_TOPICS, "app/uninstalled", "app/scopes_update"} == set(topics.app_topics())


def test_no_scope_is_asked_for_that_nothing_uses() -> None:
    assert '\nscopes = "read_orders,write_customers"' in generated_block()


def test_what_only_some_texts_need_is_asked_for_when_one_is_switched_on() -> None:
    assert 'optional_scopes = ["read_fulfillments"]' in generated_block()
    needing = [kind for kind in kinds.notifications() if kind.optional_scope]
    assert needing
    assert not any(kind.enabled_by_default for kind in needing)


def test_only_the_confirmation_may_come_at_night() -> None:
    assert [kind.name for kind in kinds.notifications() if not kind.heeds_quiet_hours] == ["order_confirmed"]


@pytest.mark.parametrize("kind", [kind.name for kind in kinds.notifications()])
@pytest.mark.parametrize("locale", ["en", "es", "fr"])
def test_every_kind_has_a_sound_default_text_in_every_language(kind: str, locale: str) -> None:
    text = default_text(kind, locale)
    assert not has_errors(lint(text, kind, locale))
    assert compile_template(text).render(sample_values(kind))


def test_the_catalogue_of_variables_knows_every_kind() -> None:
    declared = {kind.name for kind in kinds.notifications()}
    assert declared == ORDER_KINDS
    assert {kind.name for kind in kinds.notifications() if kind.uses_tracking} == SHIPPING_KINDS & declared


def test_the_transitions_are_those_of_the_architecture_page() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| ((?:`\w+`(?:, )?)+|–) \|", page, re.MULTILINE)
    documented = {state: set(re.findall(r"`(\w+)`", targets)) for state, targets in rows}
    assert documented == {str(state): {str(target) for target in targets} for state, targets in TRANSITIONS.items()}


def test_every_recurring_piece_of_work_stands_in_the_architecture_page() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text()
    assert [name for name in registry.recurring if f"`{name}`" not in page] == []


def test_every_state_is_reachable_and_only_ends_are_left_by_resending() -> None:
    reachable = set().union(*TRANSITIONS.values())
    assert reachable == set(MessageState)
    for end in ENDS - {MessageState.DELIVERED}:
        assert TRANSITIONS[end] == {MessageState.QUEUED}


def test_everything_declared_can_be_listed_with_its_place() -> None:
    assert {"topic", "kind", "job", "recurring", "provider"} == {row[0] for row in declared_rows()}
