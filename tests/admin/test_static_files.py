"""Static files are few and small, and every module that is named exists."""

import re

from app.core.static_files import WEB, static_files

SMALL_ENOUGH = 40_000


def test_all_scripts_together_are_small() -> None:
    assert sum(len(file.content) for name, file in static_files().files.items() if name.endswith(".js")) <= SMALL_ENOUGH


def test_scripts_are_written_so_that_comments_and_indentation_can_be_left_out() -> None:
    for path in (WEB / "static").rglob("*.js"):
        lines = path.read_text().splitlines()
        assert all(line.count("`") % 2 == 0 for line in lines), f"{path.name}: a text goes over several lines"
        assert not any(re.match(r"\s*\*\s*[\w(]", line) and "*/" in line for line in lines if "/*" in line), path.name


def test_every_import_finds_its_module() -> None:
    files = static_files().files
    for name, file in files.items():
        for imported in re.findall(r"(?:from|import\()\s*'\./([\w.]+)'", file.content.decode()):
            assert f"js/{imported}" in files, f"{name} imports {imported}"


def test_every_module_that_a_page_names_is_known_to_main() -> None:
    main = static_files().files["js/main.js"].content.decode()
    for template in (WEB / "templates").rglob("*.html"):
        for name in re.findall(r'data-module="(\w+)"', template.read_text()):
            assert f"{name}: () => import('./{name}.js')" in main, f"{template.name} names {name}"
