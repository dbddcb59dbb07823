"""`python -m app.simulator.bench [name] [arguments]`: one benchmark by its name, or all of them in turn."""

import pkgutil
import sys
from importlib import import_module

from rich.console import Console

import app.simulator.bench as package
from app.core.log import set_up_logging

console = Console(stderr=True)


def main(arguments: list[str]) -> int:
    # What the measured code would tell an operator is not part of the figures.
    set_up_logging(json=False, level="ERROR")
    names = sorted(each.name for each in pkgutil.iter_modules(package.__path__) if "_" not in each.name)
    if not arguments:
        return max(_run(name, []) for name in names)
    name, *rest = arguments
    if name not in names:
        console.print(f"There is no benchmark {name!r}; there are: {', '.join(names)}.", style="red", markup=False)
        return 2
    return _run(name, rest)


def _run(name: str, arguments: list[str]) -> int:
    return int(import_module(f"{package.__name__}.{name}").main(arguments))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
