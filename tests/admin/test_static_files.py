"""Static files are few and small, and every module that is named exists."""

import re
import sys
from pathlib import Path

import pytest

from app.core.static_files import WEB, static_files

SMALL_ENOUGH = 40_000
SMALL_OUTSIDE = 8_000
OUTSIDE = ("js/hosted.js", "js/connect_snippet.js")
"""Loaded by the hosted page and by organisations' own sites, never by a page in the admin."""
ALWAYS = "main"
IMPORTED = re.compile(r"""(?:from|import\()\s*['"]\./([\w.]+)\.js['"]""")
FUNCTION = re.compile(r"^(?:export )?(?:async )?(function|class) (\w+)", re.MULTILINE)
linux = pytest.mark.skipif(sys.platform != "linux", reason="Elsewhere scripts travel with long names.")
NAMED = re.compile(r'data-module="(\w+)"')
INCLUDED = re.compile(r'{% (?:include|from|extends) "([^"]+\.html)"')


def test_no_page_makes_a_browser_load_much_script() -> None:
    """As they are served, before compression: what the page names, and all that is imported for it."""
    sizes = {page.name: sum(_scripts()[f"js/{name}.js"] for name in _needed(page)) for page in _pages()}
    assert len(sizes) > 20
    assert {page: size for page, size in sizes.items() if size > SMALL_ENOUGH} == {}


@linux
def test_all_scripts_of_the_admin_together_are_small() -> None:
    """As they are served, before compression."""
    assert sum(size for name, size in _scripts().items() if name not in OUTSIDE) <= SMALL_ENOUGH


def test_scripts_keep_the_names_that_an_error_tells() -> None:
    for name, script in _served().items():
        for kind, function in FUNCTION.findall((WEB / "static" / name).read_text()):
            assert f"{kind} {function}" in script, name


def test_all_scripts_of_the_admin_together_are_small_on_the_wire() -> None:
    wire = {name: len(file.compressed) for name, file in static_files().files.items() if name.endswith(".js")}
    assert sum(size for name, size in wire.items() if name not in OUTSIDE) <= SMALL_ENOUGH


def test_what_runs_outside_the_admin_is_smaller_still() -> None:
    assert sum(_scripts()[name] for name in OUTSIDE) <= SMALL_OUTSIDE


def _scripts() -> dict[str, int]:
    return {name: len(script.encode()) for name, script in _served().items()}


def _served() -> dict[str, str]:
    return {name: file.content.decode() for name, file in static_files().files.items() if name.endswith(".js")}


def _pages() -> list[Path]:
    return sorted((WEB / "templates" / "admin").rglob("*.html"))


def _needed(page: Path) -> set[str]:
    wanted, needed = {ALWAYS, *NAMED.findall(_with_parts(page))}, set[str]()
    while wanted:
        name = wanted.pop()
        needed.add(name)
        wanted |= set(IMPORTED.findall((WEB / "static" / "js" / f"{name}.js").read_text())) - needed
    return needed


def _with_parts(page: Path) -> str:
    if page.is_dir():  # of which a page takes one by name
        return "".join(map(_with_parts, sorted(page.glob("*.html"))))
    html = page.read_text()
    return html + "".join(_with_parts(WEB / "templates" / part) for part in INCLUDED.findall(html))


def test_every_import_finds_its_module() -> None:
    files = static_files().files
    for name, file in files.items():
        for imported in IMPORTED.findall(file.content.decode()):
            assert f"js/{imported}.js" in files, f"{name} imports {imported}"


def test_every_module_that_a_page_names_exists() -> None:
    files = static_files().files
    for template in (WEB / "templates").rglob("*.html"):
        for name in re.findall(r'data-module="(\w+)"', template.read_text()):
            assert f"js/{name}.js" in files, f"{template.name} names {name}"
            assert "export function mount(" in files[f"js/{name}.js"].content.decode(), name


def test_what_is_left_out_of_a_script_is_never_part_of_a_string() -> None:
    """A string over several lines would lose its indentation, and what looks like a comment in it."""
    for path in (WEB / "static").rglob("*.js"):
        for line in path.read_text().splitlines():
            assert line.count("`") % 2 == 0, (path.name, line)
