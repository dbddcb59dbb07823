"""Static files are few and small, and every module that is named exists."""

import re

from app.core.static_files import WEB, static_files

SMALL_ENOUGH = 40_000
SMALL_OUTSIDE = 8_000
ELSEWHERE = ("js/hosted.js", "js/connect_snippet.js")
"""Loaded by the hosted page and by organisations' own sites, never by a page in the admin."""


def test_all_scripts_of_the_admin_together_are_small() -> None:
    assert sum(size for name, size in _scripts().items() if name not in ELSEWHERE) <= SMALL_ENOUGH


def test_what_runs_outside_the_admin_is_smaller_still() -> None:
    assert sum(_scripts()[name] for name in ELSEWHERE) <= SMALL_OUTSIDE


def _scripts() -> dict[str, int]:
    """As they are served, before compression."""
    return {name: len(file.content) for name, file in static_files().files.items() if name.endswith(".js")}


def test_every_import_finds_its_module() -> None:
    files = static_files().files
    for name, file in files.items():
        for imported in re.findall(r"(?:from|import\()\s*'\./([\w.]+)'", file.content.decode()):
            assert f"js/{imported}" in files, f"{name} imports {imported}"


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
