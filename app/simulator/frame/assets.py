"""Joins the stand-ins' ES modules into the two classic scripts that pages load from Shopify's CDN.

The genuine files are blocking classic scripts, so the stand-ins must be too; their sources are modules so that each
stays small and has one purpose. A module's `import` lines give the order, and its `export` words are dropped: all
modules of one script share a scope.
"""

import re
from pathlib import Path
from typing import Literal

import msgspec

FOLDER = Path(__file__).parent
APP_BRIDGE = "/shopifycloud/app-bridge.js"
POLARIS = "/shopifycloud/polaris-1.js"
POLARIS_2 = "/shopifycloud/polaris-2.js"

Look = Literal["classic", "next"]
Shadow = Literal["open", "closed"]

_IMPORT = re.compile(r"^import [^;]* from '\./([\w.]+)';\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:class|const|function|let)\b)", re.MULTILINE)


def stub_files(*, look: Look = "classic", shadow: Shadow = "open") -> dict[str, bytes]:
    """The stand-ins by their path on `https://cdn.shopify.com`, for servers and for tests that answer for that host.

    *look* is the admin's old or new appearance, *shadow* whether a page can reach into the components' shadow trees.
    """
    polaris = _script("polaris", _options(look, shadow))
    return {APP_BRIDGE: _script("app_bridge"), POLARIS: polaris, POLARIS_2: polaris}


def _options(look: Look, shadow: Shadow) -> str:
    return f"const OPTIONS = {msgspec.json.encode({'shadow': shadow, 'look': look}).decode()};\n"


def _script(folder: str, options: str | None = None) -> bytes:
    joined: list[str] = []
    _append_module(FOLDER / folder, "main.js", joined, {}, options)
    return "\n".join(["(() => {", "'use strict';", *joined, "})();\n"]).encode()


def _append_module(folder: Path, name: str, joined: list[str], seen: dict[str, bool], options: str | None) -> None:
    """Puts a module after everything it imports. *seen* also stops a circle."""
    if name in seen:
        return
    seen[name] = True
    source = (folder / name).read_text(encoding="utf-8")
    for wanted in _IMPORT.findall(source):
        _append_module(folder, wanted, joined, seen, options)
    if name == "options.js" and options is not None:
        joined.append(options)
        return
    joined.append(_EXPORT.sub("", _IMPORT.sub("", source)))
