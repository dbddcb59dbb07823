"""What a customer's text says about consent: the one place that decides it, offline and always the same way.

A text is read in steps, and the first that knows an answer gives it: stop emoji, exact words, one slip of the finger,
clauses that are a keyword by themselves, sentences per language (with guards: "please cancel my order" wants a
service). What is left is an ordinary reply. STOP wins over START and HELP in the same text; HELP never changes
consent; YES counts only as the answer to a question. In doubt nobody guesses: DOUBTFUL holds texts and tells staff.
Law: 47 CFR 64.1200(a)(10), "any reasonable manner that clearly expresses a desire not to receive further texts".
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Final

from app.consent import keyword_sets as sets
from app.consent.keyword_sets import Language

MATCHER_VERSION: Final = "2026-11-28"
"""Stored with every decision; raised with every change of the rules or their data."""

_LONGEST_READ: Final = 2000


class Meaning(StrEnum):
    OPT_OUT = "opt_out"
    OPT_IN = "opt_in"
    HELP = "help"
    DOUBTFUL = "doubtful"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class KeywordMatch:
    meaning: Meaning
    rule: str
    """Which rule decided, such as "exact:stop" or "en.stop-doing"; "none" where none did."""
    words: str
    """The words the rule saw, as it read them."""
    language: Language
    """The language of the words, so that the answer can be in it."""
    covered_by_provider: bool
    """The text is exactly one of RingCentral's own opt-out words: it blocks, and may confirm, by itself."""


def classify(text: str, *, opt_in_pending: bool = False) -> KeywordMatch:
    """Say what *text* means; *opt_in_pending* when we asked this phone for a YES and have had no answer yet."""
    received = _pattern(sets.LINK).sub(" ", unicodedata.normalize("NFKC", text[:_LONGEST_READ]))
    text = _own_words(received)
    whole = _read(text)
    match = (
        _reaction(text)
        or _emoji_alone(text)
        or _whole_text(whole, opt_in_pending=opt_in_pending)
        or _misspelt(whole)
        or _clauses(text, whole)
        or _found(Meaning.OTHER, "none", "", "en")
    )
    # The provider compares the whole text, signature and all.
    covered = match.meaning is Meaning.OPT_OUT and _bare(received) in sets.PROVIDER_OPT_OUTS
    return KeywordMatch(match.meaning, match.rule, match.words, match.language, covered)


def _own_words(text: str) -> str:
    """Without quoted lines and signatures, unless nothing else is left to read."""
    own = _pattern(sets.SIGNATURE).sub("", _pattern(sets.QUOTED_LINE).sub("", text))
    return own if own.strip() else text


def _reaction(text: str) -> KeywordMatch | None:
    match = _pattern(sets.REACTION).match(_without_accents(" ".join(text.lower().split())).strip(" \"'.,!*_~…-"))
    return _found(Meaning.OTHER, "reaction", match[0], "en") if match else None


def _emoji_alone(text: str) -> KeywordMatch | None:
    if any(char.isalnum() for char in text):
        return None
    for meaning, emoji in ((Meaning.OPT_OUT, sets.STOP_EMOJI), (Meaning.DOUBTFUL, sets.DOUBTFUL_EMOJI)):
        found = [char for char in text if char in emoji]
        if found:
            return _found(meaning, "emoji", found[0], "en")
    return None


def _whole_text(whole: str, *, opt_in_pending: bool) -> KeywordMatch | None:
    polite, language = _without_courtesy(whole, sets.COURTESIES)
    if opt_in_pending and polite in sets.AGREEMENTS:
        return _found(Meaning.OPT_IN, f"agreed:{polite}", polite, sets.AGREEMENTS[polite])
    exact = _exact(whole)
    if exact is not None:
        answer = exact.words in sets.AMBIGUOUS_OPT_OUTS and polite.partition(" ")[0] in sets.ANSWERS
        return _found(Meaning.DOUBTFUL, f"answer:{exact.words}", whole, exact.language) if answer else exact
    words = polite.split()
    known = sets.OPT_OUTS.keys() | sets.OPT_INS.keys() | sets.HELPS.keys() | sets.COURTESIES.keys() | sets.FILLERS
    if words and all(word in known for word in words):
        for meaning, table in _TABLES:
            for word in words:
                if word in table:
                    return _found(meaning, f"words:{word}", polite, _language(word, table, language))
    return None


def _exact(text: str) -> KeywordMatch | None:
    """Look *text* up in the lists, first as it is, then without courtesy, then without what stands around a keyword."""
    polite, language = _without_courtesy(text, sets.COURTESIES)
    bare, language_of_bare = _without_courtesy(text, _COURTESIES_AND_FILLERS)
    for candidate in (text, polite, bare, _joined_letters(text)):
        for meaning, table in _TABLES:
            if candidate in table:
                spoken = _language(candidate, table, language or language_of_bare)
                return _found(meaning, f"exact:{candidate}", candidate, spoken)
    return None


def _clauses(text: str, whole: str) -> KeywordMatch | None:
    """Read sentence by sentence; the clearest one decides: an opt-out, then a doubt, then what explains the rest."""
    found: list[KeywordMatch] = []
    for sentence in _split(text, r"[.!?;\n]+|\s[-–—]+\s"):
        clauses = [_read(part) for part in _split(sentence, r"[,:()]+")]
        matches = [_clause(clause, whole, last=i == len(clauses)) for i, clause in enumerate(clauses, start=1)]
        found.extend(_settled([match for match in matches if match is not None]))
    return next((match for meaning in _CLEAREST_FIRST for match in found if match.meaning is meaning), None)


def _settled(matches: list[KeywordMatch]) -> list[KeywordMatch]:
    """ "Stop, I don't want this": a keyword beside a second sign of annoyance is no longer a doubt."""
    doubts = [match for match in matches if match.meaning is Meaning.DOUBTFUL]
    keyword = next((match for match in doubts if match.rule.startswith("clause:")), None)
    if keyword is None or len(doubts) < 2:
        return matches
    return [_found(Meaning.OPT_OUT, keyword.rule, keyword.words, keyword.language)]


def _clause(clause: str, whole: str, *, last: bool) -> KeywordMatch | None:
    """Read one clause. A keyword that is a clause counts as the *last* of its sentence: "Stop, drop and roll"."""
    exact = _exact(clause)
    clause, _ = _without_courtesy(clause, sets.COURTESIES)
    if exact is not None and exact.meaning is Meaning.OPT_OUT:
        about_an_order = exact.words in sets.AMBIGUOUS_OPT_OUTS and _pattern(sets.OBJECT).search(whole)
        meaning = Meaning.OPT_OUT if last and not about_an_order else Meaning.DOUBTFUL
        return _found(meaning, f"clause:{exact.words}", exact.words, exact.language)
    for rule, pattern in sets.NEGATIONS:
        if match := _pattern(pattern).search(clause):
            return _found(Meaning.OTHER, rule, match[0], "en")
    if match := _pattern(sets.QUOTED).search(clause):
        return _found(Meaning.DOUBTFUL, "quoted", match[0], "en")
    return _sentence(clause)


def _sentence(clause: str) -> KeywordMatch | None:
    about_an_order = _pattern(sets.OBJECT).search(clause) and not _pattern(sets.NEWS).search(clause)
    for rule, language, pattern in sets.OPT_OUT_PHRASES:
        if match := _pattern(pattern).search(clause):
            unsure = about_an_order and rule in sets.GUARDED_RULES
            return _found(Meaning.DOUBTFUL if unsure else Meaning.OPT_OUT, rule, match[0], language)
    for rule, pattern in (*sets.SERVICE_REQUESTS, ("idiom", sets.IDIOM)):
        if match := _pattern(pattern).search(clause):
            return _found(Meaning.OTHER, rule, match[0], "en")
    for rule, language, pattern in sets.DOUBTFUL_PHRASES:
        if match := _pattern(pattern).search(clause):
            return _found(Meaning.DOUBTFUL, rule, match[0], language)
    return None


def _misspelt(whole: str) -> KeywordMatch | None:
    word, _ = _without_courtesy(whole, _COURTESIES_AND_FILLERS)
    if len(word) < 4 or " " in word or word in sets.NEIGHBOURS or word in sets.OPT_INS or word in sets.HELPS:
        return None
    for keyword, language in sets.MISSPELT.items():
        if _one_slip_apart(word, keyword):
            return _found(Meaning.OPT_OUT, f"misspelt:{keyword}", word, language)
    return None


def _one_slip_apart(word: str, keyword: str) -> bool:
    """One letter changed, added, left out, or two neighbours swapped."""
    start = 0
    while start < min(len(word), len(keyword)) and word[start] == keyword[start]:
        start += 1
    rest, expected = word[start:], keyword[start:]
    return (
        rest[1:] == expected[1:]
        or rest[1:] == expected
        or rest == expected[1:]
        or (rest[:2] == expected[1::-1] and rest[2:] == expected[2:])
    )


def _read(text: str) -> str:
    """Bring *text* into the form in which the rules are written (see `keyword_sets`)."""
    text = _without_accents(text.lower())
    text = re.sub(r"[’‘`´ʼ]", "'", text)
    text = re.sub(r"(?<=\w)'(?=(?:s|m|re|ve|ll|d|t)\b)", "", text)
    text = re.sub(r"[\W_]+", " ", text)
    return re.sub(r"(\w)\1{2,}", r"\1", text).strip()


def _without_accents(text: str) -> str:
    return "".join(char for char in unicodedata.normalize("NFD", text) if not unicodedata.combining(char))


def _without_courtesy(text: str, courtesies: Mapping[str, Language | None]) -> tuple[str, Language | None]:
    """Strip whole courtesies from both ends; also tell the language of the first one found."""
    language: Language | None = None
    words = text.split()
    changed = True
    while changed:
        changed = False
        for length in range(min(5, len(words) - 1), 0, -1):
            head, tail = " ".join(words[:length]), " ".join(words[-length:])
            if head in courtesies:
                language, words, changed = language or courtesies[head], words[length:], True
                break
            if tail in courtesies:
                language, words, changed = language or courtesies[tail], words[:-length], True
                break
    return " ".join(words), language


def _joined_letters(text: str) -> str:
    """ "s t o p" is "stop"; anything that is not single letters stays no word at all."""
    letters = text.split()
    return "".join(letters) if len(letters) > 2 and all(len(letter) == 1 for letter in letters) else ""


def _bare(text: str) -> str:
    """The text as RingCentral compares it: without case, and without what stands around the word."""
    return re.sub(r"^[\W_]+|[\W_]+$", "", text.lower()) if not _has_emoji(text) else ""


def _has_emoji(text: str) -> bool:
    return any(unicodedata.category(char) == "So" for char in text)


def _split(text: str, separator: str) -> Iterator[str]:
    return (part for part in re.split(separator, text) if any(char.isalnum() for char in part))


def _language(word: str, table: Mapping[str, Language], courtesy: Language | None) -> Language:
    """STOP belongs to every language: "stop por favor" is answered in Spanish."""
    return courtesy if courtesy is not None and table[word] == "en" else table[word]


def _found(meaning: Meaning, rule: str, words: str, language: Language) -> KeywordMatch:
    return KeywordMatch(meaning, rule, words, language, covered_by_provider=False)


@cache
def _pattern(source: str) -> re.Pattern[str]:
    return re.compile(source)


_CLEAREST_FIRST: Final = (Meaning.OPT_OUT, Meaning.DOUBTFUL, Meaning.OTHER)
_TABLES: Final = (
    (Meaning.OPT_OUT, sets.OPT_OUTS),
    (Meaning.OPT_IN, sets.OPT_INS),
    (Meaning.HELP, sets.HELPS),
)
_COURTESIES_AND_FILLERS: Final[Mapping[str, Language | None]] = {
    **dict.fromkeys(sets.FILLERS, None),
    **sets.COURTESIES,
}
