"""Scripts as they travel: without comments and spaces, and with short names for what lives inside one function.

The library (tdewolff/minify) is written in Go. Its runtime would stay in a server that runs for weeks, with 8 MB and
six threads, for work of a few milliseconds: so it has a process of its own, which is this file run as a script. Names
of a module's functions and of properties stay, so that an error in a browser's console still says where it happened.
Where the library has no ready-made build (only Linux requires it), scripts travel without comments and indentation.
"""

import json
import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version

COMMENT = re.compile(r"^[ \t]*(?://[^\n]*|/\*\*.*?\*/[ \t]*)\n", re.MULTILINE | re.DOTALL)
"""On lines of its own; nothing in these files begins a line like that inside a string."""
INDENTATION = re.compile(r"^[ \t]+|^\n", re.MULTILINE)


def minify(scripts: dict[str, str]) -> dict[str, str]:
    """By name, as given. What is no script stops the start, with the library's own words on stderr."""
    if not _has_library():
        return {name: INDENTATION.sub("", COMMENT.sub("", script)) for name, script in scripts.items()}
    command = [sys.executable, "-P", __file__]  # -P: the modules beside this file are not those of the library
    answer = subprocess.run(command, input=json.dumps(scripts).encode(), stdout=subprocess.PIPE, check=True)  # noqa: S603 - this file
    minified: dict[str, str] = json.loads(answer.stdout)
    return minified


def _has_library() -> bool:
    """By its own name: `minify` could be anybody's module."""
    try:
        version("tdewolff-minify")
    except PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    from minify import string

    minified = {name: string("application/javascript", script) for name, script in json.load(sys.stdin).items()}
    json.dump(minified, sys.stdout)
