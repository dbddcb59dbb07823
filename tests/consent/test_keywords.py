from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.consent.keyword_sets import OPT_OUTS, PROVIDER_OPT_OUTS
from app.consent.keywords import MATCHER_VERSION, KeywordMatch, Meaning, classify

# The lists that providers publish: every word of theirs must be understood here too.
RINGCENTRAL = {"out": "STOP UNSUBSCRIBE QUIT CANCEL END", "in": "START SUBSCRIBE RESUME CONTINUE UNSTOP"}
TWILIO = {"out": "STOP STOPALL UNSUBSCRIBE CANCEL END QUIT REVOKE OPTOUT ARRET ARRETE ARRETT", "in": "START UNSTOP"}
TELNYX = {"out": "stop stopall unsubscribe cancel end quit", "in": "start unstop"}
FCC = ["stop", "quit", "end", "revoke", "opt out", "cancel", "unsubscribe"]


def read_table(name: str) -> list[str]:
    """One text a line; "## " opens a section, and "\\n" stands for a line break inside a text."""
    lines = (Path(__file__).parent / "texts" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return [line.replace("\\n", "\n") for line in lines if line and not line.startswith("## ")]


OPT_OUT = read_table("opt_out")
NOT_OPT_OUT = read_table("not_opt_out")
OPT_IN = read_table("opt_in")
HELP = read_table("help")
DOUBTFUL = read_table("doubtful")


def test_the_tables_are_as_large_as_they_should_be() -> None:
    for table in (OPT_OUT, NOT_OPT_OUT, OPT_IN, HELP, DOUBTFUL):
        assert len(table) == len(set(table))
    assert len(OPT_OUT) >= 120
    assert len(NOT_OPT_OUT) >= 120
    assert len(OPT_IN) + len(HELP) >= 40
    assert MATCHER_VERSION


@pytest.mark.parametrize("text", OPT_OUT)
def test_opts_out(text: str) -> None:
    assert classify(text).meaning is Meaning.OPT_OUT


@pytest.mark.parametrize("text", ["", "   ", "\n", *NOT_OPT_OUT])
def test_does_not_opt_out(text: str) -> None:
    assert classify(text).meaning in {Meaning.OTHER, Meaning.DOUBTFUL, Meaning.HELP}


@pytest.mark.parametrize("text", [text for text in NOT_OPT_OUT if text not in DOUBTFUL])
def test_ordinary_replies_do_not_hold_texts_either(text: str) -> None:
    doubtful = {
        "cancel it, I ordered the wrong size order",
        "opt out of shipping protection",
        "you said reply STOP to opt out",
    }
    if text not in doubtful:
        assert classify(text).meaning in {Meaning.OTHER, Meaning.HELP}


@pytest.mark.parametrize("text", OPT_IN)
def test_opts_in(text: str) -> None:
    assert classify(text).meaning is Meaning.OPT_IN


@pytest.mark.parametrize("text", HELP)
def test_asks_for_help(text: str) -> None:
    assert classify(text).meaning is Meaning.HELP


@pytest.mark.parametrize("text", DOUBTFUL)
def test_is_doubtful(text: str) -> None:
    assert classify(text).meaning is Meaning.DOUBTFUL


@pytest.mark.parametrize("provider", [RINGCENTRAL, TWILIO, TELNYX])
def test_every_word_of_the_providers_is_known(provider: dict[str, str]) -> None:
    assert {classify(word).meaning for word in provider["out"].split()} == {Meaning.OPT_OUT}
    assert {classify(word).meaning for word in provider["in"].split()} == {Meaning.OPT_IN}


@pytest.mark.parametrize("word", FCC)
def test_words_that_revoke_by_law(word: str) -> None:
    assert {classify(form).meaning for form in (word, word.upper(), f" {word}.", f"{word}!!", f"{word} please")} == {
        Meaning.OPT_OUT
    }


@pytest.mark.parametrize("text", ["YES", "yes", "Yes please", "y", "yeah", "Sí", "si por favor", "OUI", "oui merci"])
def test_yes_counts_only_when_it_was_asked_for(text: str) -> None:
    assert classify(text).meaning is Meaning.OTHER
    assert classify(text, opt_in_pending=True).meaning is Meaning.OPT_IN


@pytest.mark.parametrize("text", ["no", "what?", "yes but when", "maybe", "I need help", "yes I got my order"])
def test_other_answers_are_no_agreement(text: str) -> None:
    assert classify(text, opt_in_pending=True).meaning is Meaning.OTHER


@pytest.mark.parametrize("text", ["stop", "yes stop", "no, stop", "stop yes"])
def test_stop_stands_also_while_an_answer_is_awaited(text: str) -> None:
    assert classify(text, opt_in_pending=True).meaning is Meaning.OPT_OUT


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("STOP", "en"), ("stop texting me", "en"), ("HELP", "en"), ("START", "en"),
        ("alto", "es"), ("stop por favor", "es"), ("no me envíen mensajes", "es"), ("AYUDA", "es"), ("alta", "es"),
        ("start gracias", "es"), ("arrêt", "fr"), ("stop svp", "fr"), ("arrêtez de m'écrire", "fr"), ("aide", "fr"),
        ("reprendre", "fr"), ("bonjour info", "fr"),
    ],
)  # fmt: skip
def test_the_answer_can_be_in_the_language_of_the_words(text: str, language: str) -> None:
    assert classify(text).language == language


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("STOP", True), ("stop", True), (" Stop. ", True), ("QUIT!", True), ("cancel", True), ("END", True),
        ("Unsubscribe", True), ("stop please", False), ("STOPALL", False), ("stop 🛑", False), ("🛑", False),
        ("revoke", False), ("opt out", False), ("stpo", False), ("arrêt", False), ("alto", False),
        ("STOP\nSent from my iPhone", False), ("stop texting me", False), ("START", False), ("cancel my order", False),
    ],
)  # fmt: skip
def test_which_words_ringcentral_handles_by_itself(text: str, *, covered: bool) -> None:
    assert classify(text).covered_by_provider is covered


@pytest.mark.parametrize(
    ("text", "rule", "words"),
    [
        ("STOP please", "exact:stop", "stop"),
        ("Please stop texting me!", "en.stop-doing", "stop texting"),
        ("stpo", "misspelt:stop", "stpo"),
        ("please cancel my order", "en.service-request", "cancel my order"),
        ("don't stop", "negated", "dont stop"),
        ("🛑", "emoji", "🛑"),
        ("no me envíen mensajes", "es.no-envien", "no me envien mensajes"),
        ("hello", "none", ""),
    ],
)
def test_the_rule_and_the_words_explain_the_decision(text: str, rule: str, words: str) -> None:
    match = classify(text)
    assert (match.rule, match.words) == (rule, words)


ALL = sorted({*OPT_OUT, *NOT_OPT_OUT, *OPT_IN, *HELP, *DOUBTFUL})
outside = st.text(" \t\n.!…\"'*_-~", max_size=4)


def decision(match: KeywordMatch) -> tuple[Meaning, bool, str]:
    return match.meaning, match.covered_by_provider, match.language


@given(
    st.sampled_from(ALL),
    outside,
    outside,
    st.sampled_from([str.upper, str.lower, str.title, str.swapcase]),
    st.booleans(),
)
def test_spaces_case_and_punctuation_never_change_the_answer(
    text: str, before: str, after: str, case: object, pending: bool
) -> None:
    assert callable(case)
    dressed = before + case(text.replace(" ", "  ")) + after
    assert decision(classify(dressed, opt_in_pending=pending)) == decision(classify(text, opt_in_pending=pending))


@given(
    st.sampled_from(sorted(OPT_OUTS)),
    st.sampled_from(["please", "Thanks!", "por favor", "svp", "merci", "gracias"]),
    st.booleans(),
)
def test_courtesy_never_changes_a_keyword(word: str, courtesy: str, first: bool) -> None:
    assert classify(f"{courtesy} {word}" if first else f"{word} {courtesy}").meaning is Meaning.OPT_OUT


@given(st.text(max_size=300), st.booleans())
def test_any_text_gets_an_answer_and_always_the_same(text: str, pending: bool) -> None:
    match = classify(text, opt_in_pending=pending)
    assert match == classify(text, opt_in_pending=pending)
    assert not match.covered_by_provider or match.words in PROVIDER_OPT_OUTS


@given(
    st.lists(
        st.sampled_from(
            ["stop", "start", "cancel", "my", "order", "texts", "no", "please", "sending", "of", "the", "end", ","]
        ),
        max_size=60,
    )
)
def test_long_rows_of_telling_words_are_read_quickly(words: list[str]) -> None:
    """Hypothesis ends an example that takes longer than its deadline."""
    text = " ".join(words * 8)
    match = classify(text)
    assert match == classify(text)
    assert set(match.words.lower().split()) <= set(text.replace(",", " ").split())
