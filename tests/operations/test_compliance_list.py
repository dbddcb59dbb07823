"""docs/compliance.md is believed by readers, so it is checked: nothing missing, and every named test exists."""

import ast
import re
from functools import cache
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LIST = (PROJECT / "docs" / "compliance.md").read_text(encoding="utf-8")
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def requirements() -> dict[str, str]:
    parts = re.split(r"^### (C-\d\d) ", LIST, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


@cache
def names_in(path: str) -> frozenset[str]:
    tree = ast.parse((PROJECT / path).read_text(encoding="utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def test_every_requirement_is_listed_with_a_test_or_a_reason() -> None:
    assert list(requirements()) == [f"C-{number:02d}" for number in range(1, 34)]
    without = [name for name, text in requirements().items() if not NAMED.search(text) and "\nReason: " not in text]
    assert without == []


def test_every_named_test_exists() -> None:
    missing = [f"{path}::{name}" for path, name in NAMED.findall(LIST) if name not in names_in(path)]
    assert missing == []
    assert len(set(NAMED.findall(LIST))) >= 40
