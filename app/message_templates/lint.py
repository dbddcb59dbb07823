"""What is wrong with a template before a carrier says so: the rules of CTIA, The Campaign Registry and RingCentral.

An *error* is refused: the text would be unlawful without it (brand, way out), could not be sent, or would show
customers the merchant's own markup. A *warning* is advice: the text is dearer or likelier to be filtered than need be.
Sources: CTIA Messaging Principles; RingCentral SMS content policy and error SMS-CAR-435 (link shorteners).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from app.message_templates.lint_words import ANSWERING, FORBIDDEN, PROMOTIONAL, SHORTENERS, WAYS_OUT
from app.message_templates.render import BadTemplate, Template, TextTooLong, compile_template
from app.message_templates.segments import count_segments
from app.message_templates.variables import CONNECT_KINDS, VARIABLES, Values, longest_values, names_for, sample_values

Level = Literal["error", "warning"]

MANY_SEGMENTS: Final = 4
"""Above this the worst case earns a warning: some carriers refuse or reorder long chains of parts."""


@dataclass(frozen=True, slots=True)
class LintFinding:
    code: str
    level: Level
    sentence: str
    position: int | None = None
    """Where it begins in the template, counted in characters; None where it is about the whole."""


def lint(text: str, kind: str, locale: str, *, brand: str | None = None) -> list[LintFinding]:
    """Return every finding about *text*, errors first; an empty list means it may be saved as it is.

    *brand* is the shop's own name where it is known: written out it counts like {{ shop.name }}.
    """
    if not text.strip():
        return [_error("empty", "The message is empty.")]
    try:
        template = compile_template(text)
    except BadTemplate as bad:
        where = f"Line {bad.line}: " if bad.line and "\n" in text else ""
        return [_error("bad_template", where + bad.sentence, _start_of_line(text, bad.line))]
    literals = _MARKUP.sub(lambda markup: " " * len(markup[0]), text)
    findings = [
        *_unknown_variables(text, template, kind),
        *_placeholders(literals),
        *_brand(template, kind, brand),
        *_person(template, kind),
        *_way_out(template, kind, locale),
        *_links(literals, template, kind),
        *_length(template, kind),
        *_dear_characters(literals),
        *_risky_words(literals),
    ]
    return sorted(findings, key=lambda finding: finding.level)


def has_errors(findings: list[LintFinding]) -> bool:
    return any(finding.level == "error" for finding in findings)


def _unknown_variables(text: str, template: Template, kind: str) -> Iterator[LintFinding]:
    allowed = names_for(kind)
    everywhere = {variable.name for variable in VARIABLES}
    for name in template.variables():
        if name.removesuffix(".size") in allowed:
            continue
        position = text.find(name)
        if name in everywhere:
            sentence = f"The variable {{{{ {name} }}}} is not known for this kind of message."
        else:
            sentence = f"There is no variable {{{{ {name} }}}}. Pick one from the list."
        yield _error("unknown_variable", sentence, position if position >= 0 else None)


def _placeholders(literals: str) -> Iterator[LintFinding]:
    for match in _PLACEHOLDER.finditer(literals):
        sentence = f"“{match[0]}” would be sent as it stands. Use a variable such as {{{{ customer.name }}}} instead."
        yield _error("placeholder", sentence, match.start())


def _brand(template: Template, kind: str, brand: str | None) -> Iterator[LintFinding]:
    names = [_BRAND_MARK.lower(), *([brand.lower()] if brand else [])]
    named = all(any(name in text.lower() for name in names) for text in _renderings(template, kind))
    if named:
        return
    sentence = "Name your shop: add {{ shop.name }}. Carriers block texts that do not say who sends them."
    # The published HELP reply with only a telephone number is offered as a preset and stays allowed.
    yield _warning("no_brand", sentence) if kind == "help_reply" else _error("no_brand", sentence)


def _person(template: Template, kind: str) -> Iterator[LintFinding]:
    """Who texts for a shop from a number of their own has to say so: carriers refuse affiliates who hide behind one."""
    if kind in CONNECT_KINDS and not all(_PERSON_MARK in text for text in _renderings(template, kind)):
        yield _error("no_person", "Name the person who texts: add {{ affiliate.name }}.")


def _way_out(template: Template, kind: str, locale: str) -> Iterator[LintFinding]:
    if kind == "stop_confirmation":
        return
    language = locale.replace("_", "-").lower().partition("-")[0]
    words, example = WAYS_OUT.get(language, WAYS_OUT["en"])
    # In capitals, or after a verb of answering: "stop by our shop" is no way out.
    pattern = re.compile(rf"\b(?:{words.upper()})\b|(?i:\b(?:{'|'.join(ANSWERING)})\W+(?:\w+\W+)?(?:{words})\b)")
    if not all(pattern.search(_LINK.sub(" ", text)) for text in _renderings(template, kind)):
        yield _error("no_opt_out", f"Say how to end the texts, for example “{example}”. Every automated text must.")


def _links(literals: str, template: Template, kind: str) -> Iterator[LintFinding]:
    hosts: dict[str, int] = {}
    for match in _LINK.finditer(literals):
        hosts.setdefault(match["host"].lower().removeprefix("www."), match.start())
    for match in _LINK.finditer("\n".join(_renderings(template, kind))):
        host = match["host"].lower().removeprefix("www.")
        if host in SHORTENERS:
            sentence = f"Carriers drop texts with links of the public shortener {host}. Use the full address."
            yield _error("link_shortener", sentence, hosts.get(host))
            break
    if len(hosts) > 1:
        sentence = f"Links lead to several sites ({', '.join(hosts)}). Carriers trust texts that link to one."
        yield _warning("several_domains", sentence, list(hosts.values())[1])


def _length(template: Template, kind: str) -> Iterator[LintFinding]:
    try:
        text = template.render(longest_values(kind))
    except TextTooLong as too_long:
        yield _error("too_long", f"With long names and links: {too_long.sentence}")
        return
    segments = count_segments(text).segments
    if segments > MANY_SEGMENTS:
        sentence = f"With long names and links this is sent and paid as {segments} segments. Shorten it if you can."
        yield _warning("many_segments", sentence)


def _dear_characters(literals: str) -> Iterator[LintFinding]:
    offenders = count_segments(literals).offenders
    if not offenders:
        return
    named = ", ".join(f"“{o.char}”" + (f" (write “{o.plain}”)" if o.plain is not None else "") for o in offenders[:5])
    sentence = f"{named}: outside the SMS alphabet, so a segment holds 70 characters instead of 160."
    yield _warning("unicode", sentence, offenders[0].index)


def _risky_words(literals: str) -> Iterator[LintFinding]:
    for match in _PROMOTIONAL.finditer(literals):
        sentence = f"“{match[0]}” reads like advertising. Order texts with offers need marketing consent."
        yield _warning("promotional", sentence, match.start())
    for match in _FORBIDDEN.finditer(literals):
        sentence = (
            f"“{match[0]}” belongs to what carriers filter (sex, hate, alcohol, firearms, tobacco, drugs, gambling)."
        )
        yield _warning("forbidden_topic", sentence, match.start())


def _renderings(template: Template, kind: str) -> list[str]:
    """The text with everything known and with only the sender known: what must be there must be there in both."""
    full: Values = sample_values(kind)
    full["shop"]["name"] = _BRAND_MARK
    texts = []
    if "affiliate" in full:
        full["affiliate"]["name"] = _PERSON_MARK
    least: Values = {group: full[group] for group in ("shop", "affiliate") if group in full}
    for values in (full, least):
        try:
            texts.append(template.render(values))
        except (TextTooLong, BadTemplate):
            texts.append("")
    return texts


def _start_of_line(text: str, line: int | None) -> int | None:
    if line is None:
        return None
    return sum(len(part) for part in text.splitlines(keepends=True)[: line - 1])


def _error(code: str, sentence: str, position: int | None = None) -> LintFinding:
    return LintFinding(code, "error", sentence, position)


def _warning(code: str, sentence: str, position: int | None = None) -> LintFinding:
    return LintFinding(code, "warning", sentence, position)


def _words(rows: tuple[str, ...]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w)(?:{'|'.join(rows)})(?!\w)", re.IGNORECASE)


# Short, because templates may truncate the name.
_BRAND_MARK: Final = "Qzx"
_PERSON_MARK: Final = "Jvq"
_MARKUP: Final = re.compile(r"\{\{.*?\}\}|\{%-?\s*comment.*?endcomment\s*-?%\}|\{%.*?%\}", re.DOTALL)
_PLACEHOLDER: Final = re.compile(
    r"\[[A-Za-zÀ-ÿ][\w À-ÿ'.-]{1,30}\]|\$?\{[A-Za-z_][\w. ]{0,30}\}|%[A-Za-z_]{2,30}%|<[A-Za-z_][\w -]{1,30}>"
)
_LINK: Final = re.compile(
    r"(?:https?://)?(?P<host>(?:[a-z0-9-]+\.)+[a-z]{2,24})(?![\w@.-]*@)(?:[/?#:][^\s]*)?", re.IGNORECASE
)
_PROMOTIONAL: Final = _words(PROMOTIONAL)
_FORBIDDEN: Final = _words(FORBIDDEN)
