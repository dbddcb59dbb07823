"""Collects every phrase that a merchant may read and keeps the catalogues in step: `python -m app.admin.catalogues`.

Three sources: what the templates mark, the tables of `wording.py`, and the sentences of the program itself, which are
found by their form: a capital at the start and a full stop at the end, or an argument of a declaration. A sentence
with values in it becomes a phrase with places, "Up to {0} texts go out each minute.". The place of countries has a
name.
"""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import write_po
from jinja2.ext import babel_extract

from app.admin.wording import phrases
from app.core.language import AVAILABLE, COUNTRIES, SOURCE, catalogue_path, in_english, read_catalogue
from app.core.static_files import WEB

APP: Final = Path(__file__).resolve().parents[1]
SPEAKING: Final = (
    "admin/connect.py",
    "admin/connection.py",
    "admin/consent.py",
    "admin/conversations.py",
    "admin/in_address.py",
    "admin/exports.py",
    "admin/json_body.py",
    "admin/messages.py",
    "admin/page.py",
    "admin/privacy.py",
    "admin/routes.py",
    "admin/session.py",
    "admin/templates.py",
    "compliance/data_request.py",
    "connect/accounts.py",
    "connect/agreement.py",
    "connect/alerts.py",
    "connect/attribution.py",
    "connect/consent.py",
    "connect/conversations.py",
    "connect/history.py",
    "connect/history_bulk.py",
    "connect/history_steps.py",
    "connect/keys.py",
    "connect/kinds.py",
    "connect/outgoing.py",
    "connect/joining.py",
    "connect/own_texts.py",
    "connect/person_form.py",
    "connect/rules.py",
    "connect/setting_up.py",
    "connect/sign_in.py",
    "consent/drift.py",
    "consent/quiet_rules.py",
    "consent/settle.py",
    "hosted/doors.py",
    "hosted/guest.py",
    "hosted/number.py",
    "hosted/texts.py",
    "message_templates/lint.py",
    "message_templates/render.py",
    "message_templates/variables.py",
    "messages/agreement.py",
    "messages/answers.py",
    "messages/compose.py",
    "messages/conversations.py",
    "messages/diagnostics.py",
    "messages/doubtful.py",
    "messages/gate.py",
    "messages/kinds.py",
    "messages/opt_out.py",
    "messages/reasons.py",
    "messages/replies.py",
    "messages/resend.py",
    "messages/standing.py",
    "messages/trouble.py",
    "notifications/catalogue.py",
    "notifications/checks.py",
    "notifications/parcel_events.py",
    "notifications/sweep.py",
    *(f"notifications/types/{path.name}" for path in sorted((APP / "notifications" / "types").glob("[!_]*.py"))),
    "shopify/client.py",
    "shops/connection.py",
    "shops/credentials_form.py",
    "shops/logins.py",
    "shops/pace.py",
    "shops/pauses.py",
    "shops/provider_access.py",
    "shops/pausing.py",
    "sms/providers/ringcentral/delivery_failures.py",
    "sms/providers/ringcentral/errors.py",
    "sms/providers/ringcentral/high_volume.py",
    "sms/providers/ringcentral/login.py",
    "sms/providers/ringcentral/numbers.py",
    "sms/providers/ringcentral/refusals.py",
    "shops/settings.py",
)
"""Modules whose sentences reach a merchant."""
DECLARATIONS: Final = ("Kind", "notify_on", "Variable")
NOT_SHOWN: Final = ("log", "get_logger", "RuntimeError", "TypeError", "AssertionError")
SENTENCE: Final = re.compile(r"[A-Z“{].*\s.*", re.DOTALL)
NOT_FOR_MERCHANTS: Final = re.compile(r"[<>\"]|\| None$|\$\d|JSON|KiB|NUL|X-Fragment|Value error|/restapi|https?://")
"""Markup, annotations, SQL, headers, and what only other programs are told."""


def main() -> int:
    """Bring every catalogue up to date; answers how many phrases wait for a translation."""
    waiting = 0
    for code in AVAILABLE:
        if code != SOURCE:
            catalogue = updated(code)
            catalogue_path(code).parent.mkdir(parents=True, exist_ok=True)
            with catalogue_path(code).open("wb") as file:
                write_po(file, catalogue, width=110, sort_output=True, ignore_obsolete=True, include_lineno=False)
            missing = untranslated(catalogue)
            waiting += len(missing)
            for message in missing:
                sys.stdout.write(f"{code}: {message.id}\n")
    return 1 if waiting else 0


def updated(code: str) -> Catalog:
    """The catalogue of *code* with exactly the phrases of today."""
    known = read_catalogue(code)
    # Its time would change at every run, and two branches that both ran this would contradict each other.
    made = known.creation_date if known is not None else None
    catalogue = Catalog(locale=code, project="SMS for Ecommerce", charset="utf-8", fuzzy=False, creation_date=made)
    for phrase in all_phrases():
        old = known.get(phrase if isinstance(phrase, str) else phrase[0]) if known is not None else None
        catalogue.add(phrase, old.string if old is not None and _same(old.id, phrase) else None)
    return catalogue


def untranslated(catalogue: Catalog) -> list[Message]:
    return [message for message in catalogue if message.id and (message.fuzzy or not _is_whole(message))]


def all_phrases() -> list[str | tuple[str, str]]:
    """Sorted; a pair is singular and plural."""
    found: dict[str, str | tuple[str, str]] = {}
    for phrase in (*template_phrases(), *phrases(), *sentences()):
        found.setdefault(phrase if isinstance(phrase, str) else phrase[0], phrase)
    return [found[key] for key in sorted(found)]


def template_phrases() -> Iterator[str | tuple[str, str]]:
    for path in sorted((WEB / "templates").rglob("*.html")):
        with path.open("rb") as file:
            options = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}
            for _, function, text, _ in babel_extract(file, ["_", "gettext", "ngettext"], [], options):
                parts = [text] if isinstance(text, str) else list(text or ())
                yield (str(parts[0]), str(parts[1])) if function == "ngettext" else str(parts[0])


def sentences() -> Iterator[str]:
    for name in SPEAKING:
        tree = ast.parse((APP / name).read_text())
        yield from _Sentences().of(tree)


class _Sentences(ast.NodeVisitor):
    def __init__(self) -> None:
        self._found: list[str] = []

    def of(self, tree: ast.Module) -> list[str]:
        self.visit(tree)
        return self._found

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring speaks to programmers
            self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        # Annotations may be written as strings and say nothing to people.
        for each in (*node.decorator_list, *node.args.defaults, *node.args.kw_defaults, *node.body):
            if each is not None:
                self.visit(each)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Call(self, node: ast.Call) -> None:
        name = _name_of(node.func)
        if name in NOT_SHOWN:
            return
        if name in DECLARATIONS:
            given = [*node.args[1:3], *(each.value for each in node.keywords if each.arg in ("label", "description"))]
            self._found += [label for label in map(_label, given) if label]
            return
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        # A sentence that goes on with something else: told as one, with a place for the rest.
        parts = _parts(node)
        if parts is None:
            self.generic_visit(node)
        else:
            self._keep(parts)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self._keep(_parts(node) or "")

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self._keep(node.value.replace("{{", "{").replace("}}", "}") if "{0}" in node.value else node.value)

    def _keep(self, text: str) -> None:
        numbered = iter(range(10))
        text = re.sub("\0", lambda _: "{" + str(next(numbered)) + "}", text)
        words = re.sub(rf"\{{(\d|{COUNTRIES})\}}", "", text)
        if (
            SENTENCE.fullmatch(text)
            and len(re.findall(r"[A-Za-z’']{2,}", words)) >= 2
            and not NOT_FOR_MERCHANTS.search(text)
        ):
            self._found.append(text)


def _parts(node: ast.AST) -> str | None:
    """The text of a string built from pieces, values as NUL or the place of countries; None when it is no string."""
    if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Call):
        return f"{{{COUNTRIES}}}" if _name_of(node.value.func) == in_english.__name__ else None
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_parts(each) or "\0" for each in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _parts(node.left), _parts(node.right)
        return None if left is None and right is None else (left or "\0") + (right or "\0")
    return None


def _label(node: ast.AST) -> str | None:
    written = node.value if isinstance(node, ast.Constant) else None
    return written if isinstance(written, str) and re.match(r"[A-Z][a-z ]", written) else None


def _name_of(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return _name_of(node.value) if isinstance(node.value, ast.Name) and node.value.id == "log" else node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _same(known: object, phrase: str | tuple[str, str]) -> bool:
    return known == phrase or (isinstance(known, list | tuple) and tuple(known) == phrase)


def _is_whole(message: Message) -> bool:
    strings = message.string if isinstance(message.string, list | tuple) else [message.string]
    return all(strings)


if __name__ == "__main__":
    raise SystemExit(main())
