"""Liquid, cut down to what one text message needs, so that a template can neither read nor cost anything else.

Only mappings and plain values are reachable from a template. Of Liquid's tags five remain and none of them repeats;
of its filters those that turn short text into short text, each with capped input and output. Ranges are refused when
a template is compiled, because python-liquid (2.3) builds a range given to a filter in memory without any limit.

    TemplateError
    ├── BadTemplate    refused when compiled: a sentence for the merchant, and the line
    └── TextTooLong    refused when rendered: more than RingCentral takes in one text
"""

import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache, lru_cache, wraps
from typing import Any, ClassVar, Final

from liquid import BoundTemplate, Environment, Node, RenderContext
from liquid.builtin.content import Literal as PlainText
from liquid.builtin.expressions import FilteredExpression, Path
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.filters import misc, string
from liquid.builtin.illegal import Illegal
from liquid.builtin.output import Output
from liquid.builtin.tags.assign_tag import AssignTag
from liquid.builtin.tags.case_tag import CaseTag
from liquid.builtin.tags.comment_tag import CommentTag
from liquid.builtin.tags.if_tag import IfTag
from liquid.builtin.tags.inline_comment_tag import InlineCommentTag
from liquid.builtin.tags.unless_tag import UnlessTag
from liquid.exceptions import LiquidError, ResourceLimitError
from liquid.expression import Expression
from liquid.token import Token

from app.core.errors import AppError
from app.message_templates.segments import UTF16_LIMIT, to_plain, utf16_length
from app.message_templates.variables import VARIABLES

LONGEST_TEMPLATE: Final = 1000
KEPT_TEMPLATES: Final = 256
"""Characters of a template, markup included."""
_LONGEST_VALUE: Final = 2 * UTF16_LIMIT
_DEEPEST_EXPRESSION: Final = 6
_TAGS: Final = (PlainText, Output, Illegal, IfTag, UnlessTag, CaseTag, AssignTag, CommentTag, InlineCommentTag)
_FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "append": string.append,
    "capitalize": string.capitalize,
    "default": misc.default,
    "downcase": string.downcase,
    "lstrip": string.lstrip,
    "prepend": string.prepend,
    "remove": string.remove,
    "remove_first": string.remove_first,
    "remove_last": string.remove_last,
    "replace": string.replace,
    "replace_first": string.replace_first,
    "replace_last": string.replace_last,
    "rstrip": string.rstrip,
    "size": misc.size,
    "slice": string.slice_,
    "squish": string.squish,
    "strip": string.strip,
    "strip_newlines": string.strip_newlines,
    "truncate": string.truncate,
    "truncatewords": string.truncatewords,
    "upcase": string.upcase,
    "url_encode": string.url_encode,
}


class TemplateError(AppError):
    status = 422


class BadTemplate(TemplateError):
    def __init__(self, sentence: str, line: int | None = None) -> None:
        super().__init__(sentence)
        self.line = line
        """Line of the template, counted from 1; None where the fault belongs to no line."""


class TextTooLong(TemplateError):
    def __init__(self, units: int) -> None:
        super().__init__(f"The text is {units} characters long, but a text message holds at most {UTF16_LIMIT}.")
        self.units = units


class Template:
    """A compiled template; safe to keep and to share."""

    def __init__(self, source: str, compiled: BoundTemplate) -> None:
        self.source = source
        self._compiled = compiled

    def render(self, values: Mapping[str, object]) -> str:
        """Return the text, trimmed; what is missing in *values* reads as nothing.

        Raises TextTooLong, and BadTemplate only where a value is of another type than the catalogue's (a condition
        that compares text with a number).
        """
        try:
            text = self._compiled.render(_plain_values(values))
        except ResourceLimitError as error:
            raise TextTooLong(UTF16_LIMIT + 1) from error
        except LiquidError as error:
            raise _explain(error) from error
        text = _tidy(text)
        units = utf16_length(text)
        if units > UTF16_LIMIT:
            raise TextTooLong(units)
        return text

    def variables(self) -> list[str]:
        """Return the variables it reads, as dotted names in order of appearance, without those it assigns itself."""
        found = [variable for group in self._compiled.analyze().globals.values() for variable in group]
        found.sort(key=lambda variable: variable.span.index)
        return list(dict.fromkeys(str(variable) for variable in found))


@lru_cache(maxsize=KEPT_TEMPLATES)
def compile_template(text: str) -> Template:
    """Compile *text*, or raise BadTemplate with the first fault a merchant can mend.

    The latest stay compiled: all texts of a backlog read the same few templates.
    """
    if len(text) > LONGEST_TEMPLATE:
        raise BadTemplate(f"The template is {len(text)} characters long; shorten it to {LONGEST_TEMPLATE} or fewer.")
    source = _without_invisible(text, keep="\n\r\t")
    try:
        compiled = _environment().from_string(source)
    except LiquidError as error:
        raise _explain(error, source) from error
    _refuse_what_costs(compiled)
    template = Template(source, compiled)
    _try_out(template)
    return template


def unknown_variables(text: str, known: Collection[str]) -> list[str]:
    """Return the variables of *text* that are not in *known*; raises BadTemplate where *text* does not compile."""
    names = compile_template(text).variables()
    return [name for name in names if name.removesuffix(".size") not in known]


def _refuse_what_costs(compiled: BoundTemplate) -> None:
    for expression, depth in _expressions(compiled):
        if isinstance(expression, RangeLiteral):
            raise BadTemplate("Ranges such as (1..10) cannot be used in a text.", _line(expression.token))
        if depth > _DEEPEST_EXPRESSION:
            raise BadTemplate("This expression is nested too deeply.", _line(expression.token))
        if isinstance(expression, FilteredExpression):
            for used in expression.filters or ():
                if used.name not in _FILTERS:
                    sentence = f"There is no filter “{used.name}” here. You can use {', '.join(_FILTERS)}."
                    raise BadTemplate(sentence, _line(used.token))


def _expressions(compiled: BoundTemplate) -> Iterator[tuple[Expression, int]]:
    """Walk every expression with its depth, without recursion: a template is somebody else's input."""
    context = RenderContext(compiled)
    nodes: list[Node] = list(compiled.nodes)
    while nodes:
        node = nodes.pop()
        nodes.extend(node.children(context, include_partials=False))
        stack = [(expression, 1) for expression in node.expressions()]
        while stack:
            expression, depth = stack.pop()
            yield expression, depth
            # A chain of "and" is a list in the merchant's eyes; only brackets within brackets count as depth.
            deeper = depth + isinstance(expression, Path)
            stack.extend((child, deeper) for child in expression.children())


def _try_out(template: Template) -> None:
    """Render once with everything and once with nothing: a fault that depends on the data must show while saving."""
    for values in (_samples(), {}):
        try:
            template.render(values)
        except TextTooLong as error:
            raise BadTemplate(error.sentence) from error


@cache
def _samples() -> Mapping[str, Mapping[str, str | int]]:
    values: dict[str, dict[str, str | int]] = {}
    for variable in VARIABLES:
        group, field = variable.name.split(".", 1)
        values.setdefault(group, {})[field] = variable.sample
    return values


class _Group(dict[str, object]):
    """A mapping that shows nothing when a template prints it whole."""

    def __str__(self) -> str:
        return ""


def _plain_values(values: Mapping[str, object]) -> _Group:
    return _Group({str(name): _plain_value(value) for name, value in values.items()})


def _plain_value(value: object) -> object:
    if isinstance(value, Mapping):
        return _plain_values(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    # A line break in a name could add lines of its own to the shop's text, and a curly apostrophe double its price.
    return to_plain(_without_invisible(re.sub(r"\s+", " ", str(value))[:_LONGEST_VALUE], keep=""))


def _without_invisible(text: str, *, keep: str) -> str:
    """Drop control characters, halves of surrogate pairs and marks of writing direction; emoji joiners stay."""
    if text.isprintable():
        return text
    joiners = "\u200c\u200d"
    return "".join(c for c in text if c in keep or c in joiners or unicodedata.category(c) not in {"Cc", "Cf", "Cs"})


def _tidy(text: str) -> str:
    """Trim, and close the gap that a missing name leaves behind: "Hi , your" becomes "Hi, your"."""
    return re.sub(r"[ \t]+(?=,(?:\s|$))|(?<=[ \t])[ \t]+", "", text).strip()


class _Environment(Environment):
    block_nesting_limit: ClassVar[int] = 6
    context_depth_limit: ClassVar[int] = 6
    loop_iteration_limit: ClassVar[int | None] = 1
    local_namespace_limit: ClassVar[int | None] = 20_000
    # Bytes of UTF-8: three for each of the UTF-16 units that a text may have, and room for blanks that are trimmed.
    output_stream_limit: ClassVar[int | None] = 4 * UTF16_LIMIT

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        for tag in _TAGS:
            self.add_tag(tag)
        for name, implementation in _FILTERS.items():
            self.add_filter(name, _capped(implementation))


@cache
def _environment() -> Environment:
    # Liquid's own "now" and "today" read the machine's clock; a text has no use for it.
    return _Environment(autoescape=False, strict_filters=True, globals={"now": "", "today": ""})


def _capped(implementation: Callable[..., Any]) -> Callable[..., Any]:
    """Bound a filter's input and output: a chain of `replace` would otherwise multiply a text without end."""

    @wraps(implementation)
    def capped(value: object, *args: object, **options: object) -> object:
        result = implementation(_cap(value), *map(_cap, args), **options)
        return _cap(result)

    return capped


def _cap(value: object) -> object:
    return value[:_LONGEST_VALUE] if isinstance(value, str) else value


_EXPLANATIONS: Final = (
    (r"expected '}}'", "A variable is opened with {{ but not closed with }}."),
    (r"missing tag name or closing", "A tag is opened with {% but not closed with %}, or it has no name."),
    (r"expected tag end(\w+)", "A {{% {0} %}} is not closed: add {{% end{0} %}} where it should stop."),
    (r"expected tag \w+, found end of", "A tag is opened but not closed."),
    (r"unexpected tag '(end\w+|els\w+|when)'", "{{% {0} %}} has nothing that opens it."),
    (
        r"unexpected tag '(\w+)'",
        "The tag “{0}” cannot be used in a text: only if, unless, case, assign and comment can.",
    ),
    (r"found doc", "The tag “doc” cannot be used in a text: only if, unless, case, assign and comment can."),
    (r"found '='", "To compare two values write == with two equals signs."),
    (r"not supported between", "A condition compares text with a number, which has no answer."),
    (r"nesting", "Conditions are nested too deeply."),
    (r"expected a primitive expression|missing expression", "Something is missing here: name a variable or a value."),
)


def _explain(error: LiquidError, source: str = "") -> BadTemplate:
    message = str(error.message or "")
    line = _line(error.token)
    for pattern, sentence in _EXPLANATIONS:
        match = re.search(pattern, message)
        if match is not None:
            return BadTemplate(sentence.format(*match.groups()) if match.groups() else sentence, line)
    word = error.token.value.strip()[:30] if error.token is not None and line is not None else ""
    near = f" near “{word}”" if word and word in source else ""
    return BadTemplate(f"This part of the template cannot be understood{near}.", line)


def _line(token: Token | None) -> int | None:
    if token is None or token.start_index < 0:
        return None
    return token.source.count("\n", 0, token.start_index) + 1
