"""Which scripts a page needs, so that a browser asks for all of them at once.

A module tells what it imports only once it is there. The last of them would be found five answers after the first, and
a page stays out of sight until its scripts stand.
"""

import re
from functools import cache

from app.core.static_files import static_files

ALWAYS = "main"
NAMED = re.compile(r'data-module="(\w+)"')
IMPORTED = re.compile(r"""(?:from|import)\s*["']\./(\w+)\.js["']""")
"""At the top of a module; one that is imported later is imported by name, from what the page says."""


def scripts_of(html: str) -> list[str]:
    """Their addresses: of what *html* names, and of all that is imported for it."""
    prefix = static_files().prefix
    return [f"{prefix}/js/{name}.js" for name in _with_imports(frozenset((ALWAYS, *NAMED.findall(html))))]


@cache
def _with_imports(names: frozenset[str]) -> tuple[str, ...]:
    files = static_files().files
    wanted, needed = set(names), set[str]()
    while wanted:
        name = wanted.pop()
        needed.add(name)
        wanted |= set(IMPORTED.findall(files[f"js/{name}.js"].content.decode())) - needed
    return tuple(sorted(needed))
