import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.message_templates.defaults import DEFAULTS
from app.message_templates.render import (
    LONGEST_TEMPLATE,
    BadTemplate,
    TextTooLong,
    compile_template,
    unknown_variables,
)
from app.message_templates.segments import UTF16_LIMIT, utf16_length
from app.message_templates.variables import names_for, sample_values

VALUES = {"customer": {"name": "Ada"}, "order": {"item_count": 3, "name": "#1001"}, "tracking": {}}


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("Hi {{ customer.name }}!", "Hi Ada!"),
        ("  Hi {{customer.name}} \n", "Hi Ada"),
        ("Hi {{ customer.nickname }}", "Hi"),
        ("Hi {{ customer.nickname }}, thanks", "Hi, thanks"),
        ("Hi {{ customer.nickname | default: 'there' }}, thanks", "Hi there, thanks"),
        ("Bonjour {{ customer.nickname }} !", "Bonjour !"),
        ("a, b ,c {{ nothing.at.all }}", "a, b ,c"),
        ("{{ missing.deep.down | upcase | truncate: 3 }}", ""),
        ("{% if tracking.url %} Track it{% endif %}", ""),
        ("x{% unless tracking.url %} soon{% endunless %}", "x soon"),
        ("{% if order.item_count > 1 %}items{% else %}item{% endif %}", "items"),
        ("{% if missing > 1 %}a{% endif %}b", "b"),
        ("{% case order.item_count %}{% when 3 %}three{% endcase %}", "three"),
        ("{% assign who = customer.name | upcase %}{{ who }}", "ADA"),
        ("{% comment %}{{ {% endcomment %}kept", "kept"),
        ("{% # a note %}kept", "kept"),
        ("{{ customer.name | slice: 0 }}.", "A."),
        ("{{ order.name | remove: '#' }}", "1001"),
        ("{{ customer }}|{{ order }}", "|"),
        ("{{ now }}{{ today }}x", "x"),
        ("a < b & 'c'", "a < b & 'c'"),
        ("", ""),
    ],
)
def test_render(template: str, text: str) -> None:
    assert compile_template(template).render(VALUES) == text


@pytest.mark.parametrize(
    ("template", "sentence", "line"),
    [
        ("Hi {{ customer.name", "not closed with }}", 1),
        ("Hi\n\nthere {{ customer.name }", "not closed with }}", 3),
        ("{% if a %}x", "add {% endif %}", None),
        ("x {% endif %}", "nothing that opens it", 1),
        ("{% else %}", "nothing that opens it", 1),
        ("{% for a in b %}{% endfor %}", "“for” cannot be used", 1),
        ("{% for a in b %}{% for c in d %}{% endfor %}{% endfor %}", "“for” cannot be used", 1),
        ("ok\n{% capture x %}{% endcapture %}", "“capture” cannot be used", 2),
        ("{% liquid assign a = 1 %}", "“liquid” cannot be used", 1),
        ("{% include 'x' %}", "“include” cannot be used", 1),
        ("{% render 'x' %}", "“render” cannot be used", 1),
        ("{% tablerow a in b %}{% endtablerow %}", "“tablerow” cannot be used", 1),
        ("{% echo a %}", "“echo” cannot be used", 1),
        ("{% increment a %}", "“increment” cannot be used", 1),
        ("{% doc %}x{% enddoc %}", "“doc” cannot be used", 1),
        ("{{ a | shout }}", "no filter “shout”", 1),
        ("{% assign b = a | split: '' %}", "no filter “split”", 1),
        ("{{ 2 | times: 9 }}", "no filter “times”", 1),
        ("{{ 'x' | base64_encode }}", "no filter “base64_encode”", 1),
        ("{% if a = 1 %}x{% endif %}", "two equals signs", 1),
        ("{% if %}x{% endif %}", "Something is missing", 1),
        ("{{ }}", "Something is missing", None),
        ("{% foo", "not closed with %}", 1),
        ("{{ a b }}", "near “b”", 1),
        ("{% if customer.name > 3 %}x{% endif %}", "compares text with a number", 1),
        ("{{ customer.name | truncate: 'x' }}", "cannot be understood", 1),
        ("{{ (1..3) }}", "Ranges", 1),
        ("{{ 'x' | default: (1..3) }}", "Ranges", 1),
        ("{% assign a = (1..9) %}", "Ranges", 1),
        ("{% if (1..3) contains 2 %}x{% endif %}", "Ranges", 1),
        ("{% case (1..3) %}{% when 2 %}{% endcase %}", "Ranges", 1),
        ("{% unless a %}{% if b %}\n{{ (1..b) }}{% endif %}{% endunless %}", "Ranges", 2),
        ("x" * (LONGEST_TEMPLATE + 1), "shorten it", None),
        ("{% if a %}" * 20 + "{% endif %}" * 20, "nested too deeply", 1),
        ("{{ a" + "[a" * 20 + "]" * 20 + " }}", "nested too deeply", 1),
    ],
)
def test_bad_templates_are_refused_in_plain_words(template: str, sentence: str, line: int | None) -> None:
    with pytest.raises(BadTemplate) as refused:
        compile_template(template)
    assert sentence in refused.value.sentence
    assert refused.value.line == line


@pytest.mark.parametrize(
    "template",
    [
        "{{ (1..100000000) | join: ',' }}",
        "{{ (1..100000000) | size }}",
        "{% assign a = (1..100000000) | append: 'x' %}",
        "{{ 'x' | append: (1..100000000) }}",
        "{{" + " " * 990,
        "{{ " * 330,
        "{%" * 500,
        "{{ a" + "[a" * 320 + "]" * 320 + "}}",
        "{% if a" + " or a" * 190 + " %}x{% endif %}",
        "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | append: a %}" * 30,
        "{% assign a = 'xxxxxxxxxx' %}" + "{% assign a = a | replace: 'x', a %}" * 25,
        "{{ 'x'" + " | replace: 'x', 'xxxxxxxxxx'" * 30 + " }}",
        "{{ 'x'" + " | replace: '', 'xxxxxxxxxx'" * 30 + " }}",
        "{{ 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' | append: customer.name }}" * 11,
    ],
)
def test_nothing_in_a_template_takes_long(template: str) -> None:
    started = time.perf_counter()
    with contextlib.suppress(BadTemplate, TextTooLong):
        compile_template(template).render({"customer": {"name": "x" * 100_000}})
    # Unbounded, each of these takes many seconds or all memory.
    assert time.perf_counter() - started < 4


@pytest.mark.parametrize(
    "path",
    [
        "__class__",
        "customer.__class__",
        "customer.name.__class__.__mro__",
        "customer.keys",
        "customer['__init__']",
        "customer.name.format",
    ],
)
def test_attributes_of_values_give_nothing(path: str) -> None:
    assert compile_template("{{ " + path + " }}").render(VALUES) == ""


def test_values_cannot_bring_lines_markup_or_invisible_marks() -> None:
    values = {"customer": {"name": "Ada\r\nSTOP{{ order.name }}\u202e\x00\ud83d"}}
    assert compile_template("Hi {{ customer.name }}!").render(values) == "Hi Ada STOP{{ order.name }}!"


def test_a_curly_apostrophe_in_a_name_does_not_make_the_text_dear() -> None:
    text = compile_template("Hi {{ customer.name }}").render({"customer": {"name": "Zoë O’Brien"}})
    assert text == "Hi Zoë O'Brien"


def test_objects_become_text() -> None:
    class Sneaky:
        def __html__(self) -> str:
            return "html"

        def __liquid__(self) -> str:
            return "liquid"

        def __str__(self) -> str:
            return "text"

    assert compile_template("{{ a }}").render({"a": Sneaky()}) == "text"


@pytest.mark.parametrize(
    ("name", "fits"), [("x" * 1000, True), ("x" * 1001, False), ("😀" * 500, True), ("😀" * 501, False)]
)
def test_text_is_never_longer_than_ringcentral_takes(name: str, fits: bool) -> None:
    template = compile_template(" {{ customer.name }} ")
    if fits:
        assert utf16_length(template.render({"customer": {"name": name}})) == UTF16_LIMIT
    else:
        with pytest.raises(TextTooLong):
            template.render({"customer": {"name": name}})


def test_text_far_over_the_limit_is_refused_too() -> None:
    with pytest.raises(TextTooLong):
        compile_template("{{ a }}" * 100).render({"a": "語" * 2000})


def test_a_value_of_an_unexpected_type_is_a_named_error() -> None:
    with pytest.raises(BadTemplate, match="compares text with a number"):
        compile_template("{% if order.item_count > 1 %}x{% endif %}").render({"order": {"item_count": "three"}})


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("{{ customer.name }} {{ order.name }}", []),
        ("{{ customer.nmae }} {{ order.name }} {{ foo }}", ["customer.nmae", "foo"]),
        ("{{ customer }}", ["customer"]),
        ("{{ customer['name'] }}", []),
        ("{% assign a = customer.name %}{{ a }}", []),
        ("{% if customer.email %}x{% endif %}", ["customer.email"]),
        ("{{ tracking.url }}", ["tracking.url"]),
        ("{{ customer.name.size }}", []),
        ("{{ x }}{{ x }}", ["x"]),
        ("plain", []),
    ],
)
def test_unknown_variables(text: str, unknown: list[str]) -> None:
    assert unknown_variables(text, names_for("order_confirmed")) == unknown


@pytest.mark.parametrize(("kind", "locale"), [(kind, locale) for kind, texts in DEFAULTS.items() for locale in texts])
def test_every_default_renders_with_and_without_its_values(kind: str, locale: str) -> None:
    template = compile_template(DEFAULTS[kind][locale])
    assert unknown_variables(template.source, names_for(kind)) == []
    assert "{" not in template.render(sample_values(kind))
    assert "{" not in template.render({})


@settings(max_examples=300, deadline=2000)
@given(
    st.lists(
        st.sampled_from(
            ["{{", "}}", "{%", "%}", "if", "endif", " a.b ", "|", "default:", "'", "(1..9)", "-", "\n", "x"]
        )
    )
)
def test_any_template_compiles_or_is_refused(parts: list[str]) -> None:
    with contextlib.suppress(BadTemplate):
        text = compile_template("".join(parts)).render({"a": {"b": "c"}})
        assert text == text.strip()
